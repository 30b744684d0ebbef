//! The provider's metadata and keys: discovered at the first use, kept for an hour, asked for again with back-off.

use std::path::Path;
use std::sync::Arc;

use nod_login::{Clock, UnixMillis};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, Client, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, RedirectUrl, StandardErrorResponse,
    StandardTokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::http::Http;
use super::{OidcError, OidcSetupError};
use crate::settings;

/// How long what was discovered is used, in milliseconds.
const FRESH_MS: u64 = 3_600_000;

/// The shortest time between two looks for new keys, in milliseconds.
const KEYS_AGAIN_MS: u64 = 10_000;

/// The longest time between two attempts to discover a provider that is down, in milliseconds.
const MAX_WAIT_MS: u64 = 60_000;

/// The claims that are not in the standard.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

pub(super) type Claims = IdTokenClaims<Extra, CoreGenderClaim>;
pub(super) type UserClaims = UserInfoClaims<Extra, CoreGenderClaim>;
type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
pub(super) type TokenAnswer = StandardTokenResponse<Fields, CoreTokenType>;
type OidcClient = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is known of the provider.
pub(super) struct Provider {
    pub(super) client: OidcClient,
    found: UnixMillis,
}

/// Finds the provider, and keeps what it found.
pub(super) struct Providers {
    pub(super) http: Http,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    provider: Option<Arc<Provider>>,
    failures: u32,
    not_before: Option<UnixMillis>,
}

impl Providers {
    pub(super) fn new(
        settings: &settings::Oidc,
        dir: &Path,
        redirect: RedirectUrl,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OidcSetupError> {
        let read = |setting, file: &Path| {
            std::fs::read(dir.join(file))
                .map_err(|error| OidcSetupError::File { setting, kind: error.kind() })
        };
        let roots = match &settings.ca_file {
            None => Vec::new(),
            Some(file) => reqwest::Certificate::from_pem_bundle(&read("ca_file", file)?)
                .map_err(|_| OidcSetupError::Value("ca_file"))?,
        };
        let secret = match (&settings.client_secret, &settings.client_secret_file) {
            (Some(secret), _) => Some(secret.clone()),
            (None, Some(file)) => {
                let bytes = zeroize::Zeroizing::new(read("client_secret_file", file)?);
                let text = str::from_utf8(&bytes).map_err(|_| OidcSetupError::Value("client_secret_file"))?;
                Some(settings::SecretText::new(text.trim().to_owned()))
            }
            (None, None) => None,
        };
        let text = settings.issuer.clone().unwrap_or_default();
        let tls_only = text.starts_with("https:");
        let issuer = IssuerUrl::new(text).map_err(|_| OidcSetupError::Value("issuer"))?;
        Ok(Self {
            http: Http::new(roots, tls_only).map_err(|_| OidcSetupError::Value("ca_file"))?,
            issuer,
            client_id: ClientId::new(settings.client_id.clone().unwrap_or_default()),
            secret: secret.map(|secret| ClientSecret::new(secret.expose().to_owned())),
            redirect,
            clock,
            state: Mutex::default(),
        })
    }

    /// The provider as it was found lately, or else found now. What was found before serves while it cannot be asked.
    pub(super) async fn current(&self) -> Result<Arc<Provider>, OidcError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(known) = &state.provider
            && now.since(known.found) < FRESH_MS
        {
            return Ok(Arc::clone(known));
        }
        match self.discover(&mut state, now).await {
            Err(error) => state.provider.clone().ok_or(error),
            found => found,
        }
    }

    /// Looks for new keys, unless somebody just did.
    pub(super) async fn again(&self, than: &Provider) -> Result<Arc<Provider>, OidcError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(known) = &state.provider
            && (known.found > than.found || now.since(known.found) < KEYS_AGAIN_MS)
        {
            return Ok(Arc::clone(known));
        }
        self.discover(&mut state, now).await
    }

    async fn discover(&self, state: &mut State, now: UnixMillis) -> Result<Arc<Provider>, OidcError> {
        if state.not_before.is_some_and(|at| now < at) {
            return Err(OidcError::Unavailable);
        }
        let metadata = match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => metadata,
            Err(error) => {
                let wait =
                    1_000u64.checked_shl(state.failures.min(6)).unwrap_or(MAX_WAIT_MS).min(MAX_WAIT_MS);
                state.failures = state.failures.saturating_add(1);
                state.not_before = Some(now.plus(wait));
                tracing::warn!(%error, again_in_ms = wait, "the OpenID provider was not found");
                return Err(OidcError::Unavailable);
            }
        };
        let post_alone = metadata
            .token_endpoint_auth_methods_supported()
            .is_some_and(|methods| !methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client =
            OidcClient::from_provider_metadata(metadata, self.client_id.clone(), self.secret.clone())
                .set_auth_type(if post_alone { AuthType::RequestBody } else { AuthType::BasicAuth })
                .set_redirect_uri(self.redirect.clone());
        let provider = Arc::new(Provider { client, found: now });
        *state = State { provider: Some(Arc::clone(&provider)), ..State::default() };
        Ok(provider)
    }
}

pub(super) fn name_of(claims: &Claims) -> Option<String> {
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
    claims.preferred_username().map(|name| name.to_string()).or(name).filter(|name| !name.is_empty())
}

pub(super) fn name_of_user(claims: &UserClaims) -> Option<String> {
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
    claims.preferred_username().map(|name| name.to_string()).or(name).filter(|name| !name.is_empty())
}
