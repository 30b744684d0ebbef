//! Signing operators in through OpenID Connect: authorisation code, PKCE, state and nonce (OpenID Connect Core 1.0
//! section 3.1, RFC 7636). The provider is discovered at its first use, so that one that is down stops nothing else.

mod http;
mod provider;

use std::path::Path;
use std::sync::Arc;

use nod_login::Clock;
use nod_protocol::bytes::{Digest, Secret};
use nod_protocol::{Random, RandomError, text};
use openidconnect::core::{CoreAuthenticationFlow, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, CsrfToken, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use self::provider::{Claims, Provider, Providers, TokenAnswer, UserClaims};
use super::roles::{RoleSet, has_claim};
use crate::settings;

/// Seconds by which the provider's clock may differ.
const LEEWAY_MS: u64 = 60_000;

/// The age at which an ID token is too old for a sign-in, in milliseconds.
const MAX_AGE_MS: u64 = 600_000;

/// Signatures that are taken: neither none nor one by a shared secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why the provider cannot be used at all; every message names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcSetupError {
    /// A file cannot be read.
    #[error("console.oidc.{setting}: the file cannot be read: {kind}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// A value cannot be used.
    #[error("console.oidc.{0}: cannot be used")]
    Value(&'static str),
}

/// Why an operator was not signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// The provider does not answer, or not in the way of a provider.
    #[error("the provider cannot be used just now")]
    Unavailable,
    /// The provider refused the code, or the operator.
    #[error("the provider refused")]
    Refused,
    /// What came back does not belong to the sign-in that was begun.
    #[error("this is not the answer to a sign-in that was begun here")]
    Foreign,
    /// The ID token is not valid.
    #[error("the ID token is not valid")]
    Token,
    /// The provider knows the operator, and gives no role here.
    #[error("no role")]
    NoRole,
    /// The source of randomness failed.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What is kept between sending an operator to the provider and the answer.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Transaction {
    state: String,
    nonce: String,
    verifier: String,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction(…)")
    }
}

/// What the browser brings back from the provider.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Callback {
    /// The code.
    pub code: Option<String>,
    /// The state of the transaction.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
}

/// An operator whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The provider's own name for the operator, which never changes.
    pub subject: String,
    /// A name to show.
    pub name: String,
    /// What the operator may do.
    pub roles: RoleSet,
}

/// The OpenID provider of the console.
pub struct Oidc {
    settings: settings::Oidc,
    providers: Providers,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Oidc {
    /// Puts it together; asks the provider nothing yet. `redirect` is where the provider sends the browser back to; files
    /// are named from `dir`.
    ///
    /// # Errors
    /// [`OidcSetupError`].
    pub fn new(
        settings: &settings::Oidc,
        dir: &Path,
        redirect: String,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, OidcSetupError> {
        let redirect = RedirectUrl::new(redirect).map_err(|_| OidcSetupError::Value("issuer"))?;
        let providers = Providers::new(settings, dir, redirect, Arc::clone(&clock))?;
        Ok(Self { settings: settings.clone(), providers, clock, random })
    }

    /// Begins a sign-in: where to send the browser, and what to keep for the answer.
    ///
    /// # Errors
    /// [`OidcError::Unavailable`] when the provider cannot be discovered, [`OidcError::Random`].
    pub async fn begin(&self) -> Result<(String, Transaction), OidcError> {
        let provider = self.providers.current().await?;
        let draw = || Ok::<_, RandomError>(Secret::<32>::random(self.random.as_ref())?.to_text().to_string());
        let transaction = Transaction { state: draw()?, nonce: draw()?, verifier: draw()? };
        let (state, nonce) = (transaction.state.clone(), transaction.nonce.clone());
        let verifier = PkceCodeVerifier::new(transaction.verifier.clone());
        let (url, ..) = provider
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok((url.into(), transaction))
    }

    /// Ends a sign-in with what the browser brought back.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn finish(&self, kept: &Transaction, callback: &Callback) -> Result<Vouched, OidcError> {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let state = digest(callback.state.as_deref().unwrap_or_default());
        let same: bool = state.as_bytes().ct_eq(digest(&kept.state).as_bytes()).into();
        let issuer = self.settings.issuer.as_deref().unwrap_or_default();
        if !same || callback.iss.as_deref().is_some_and(|named| named != issuer) {
            return Err(OidcError::Foreign);
        }
        let Some(code) = callback.code.clone().filter(|_| callback.error.is_none()) else {
            return Err(OidcError::Refused);
        };
        let provider = self.providers.current().await?;
        let answer = self.exchange(&provider, code, &kept.verifier).await?;
        let nonce = Nonce::new(kept.nonce.clone());
        let (claims, provider) = match self.verify(&provider, &answer, &nonce) {
            Ok(claims) => (claims, provider),
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // A key that is not known yet: the provider may have a new one.
                let provider = self.providers.again(&provider).await?;
                let claims = self.verify(&provider, &answer, &nonce).map_err(|error| bad_token(&error))?;
                (claims, provider)
            }
            Err(error) => return Err(bad_token(&error)),
        };
        self.vouched(&provider, &claims, answer.access_token()).await
    }

    async fn exchange(
        &self,
        provider: &Provider,
        code: String,
        verifier: &str,
    ) -> Result<TokenAnswer, OidcError> {
        let request = provider
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::Unavailable)?;
        let answer = request
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&self.providers.http)
            .await;
        answer.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(answer) => {
                tracing::warn!(error = ?answer.error(), "the OpenID provider refused a code");
                OidcError::Refused
            }
            openidconnect::RequestTokenError::Request(error) => {
                tracing::warn!(%error, "the OpenID provider's token endpoint did not answer");
                OidcError::Unavailable
            }
            openidconnect::RequestTokenError::Parse(..) | openidconnect::RequestTokenError::Other(_) => {
                tracing::warn!("the OpenID provider's token endpoint answers otherwise than one");
                OidcError::Unavailable
            }
        })
    }

    fn verify(
        &self,
        provider: &Provider,
        answer: &TokenAnswer,
        nonce: &Nonce,
    ) -> Result<Claims, ClaimsVerificationError> {
        let other = |text: &str| ClaimsVerificationError::Other(text.to_owned());
        let token = answer.id_token().ok_or_else(|| other("no ID token"))?;
        let now = self.clock.now().0;
        // Whatever the time zone of chrono's times, they come from and become the clock's milliseconds.
        let at = |ms: u64| std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms);
        let verifier = provider
            .client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || at(now.saturating_sub(LEEWAY_MS)).into())
            .set_issue_time_verifier_fn(move |issued| {
                let issued = u64::try_from(issued.timestamp_millis()).unwrap_or_default();
                let fine = issued <= now.saturating_add(LEEWAY_MS) && issued.saturating_add(MAX_AGE_MS) > now;
                if fine { Ok(()) } else { Err("issued at another time".to_owned()) }
            });
        let claims = token.claims(&verifier, nonce)?.clone();
        if let Some(expected) = claims.access_token_hash() {
            let signing = |error| ClaimsVerificationError::SignatureVerification(error);
            let (alg, key) =
                (token.signing_alg().map_err(signing)?, token.signing_key(&verifier).map_err(signing)?);
            let actual = AccessTokenHash::from_token(answer.access_token(), alg, key)
                .map_err(|_| other("the access token's hash cannot be checked"))?;
            if actual != *expected {
                return Err(other("another access token"));
            }
        }
        Ok(claims)
    }

    /// Takes name and roles from the ID token, or from the userinfo endpoint where the token has no role claim.
    async fn vouched(
        &self,
        provider: &Provider,
        claims: &Claims,
        token: &AccessToken,
    ) -> Result<Vouched, OidcError> {
        let path = &self.settings.role_claim;
        let mut all = Value::Object(claims.additional_claims().rest.clone());
        let mut name = provider::name_of(claims);
        if (name.is_none() || !has_claim(&all, path))
            && let Ok(request) = provider.client.user_info(token.clone(), Some(claims.subject().clone()))
        {
            let info: UserClaims = request.request_async(&self.providers.http).await.map_err(|error| {
                tracing::warn!(%error, "the OpenID provider's userinfo endpoint gave nothing");
                OidcError::Unavailable
            })?;
            name = name.or_else(|| provider::name_of_user(&info));
            if !has_claim(&all, path) {
                all = Value::Object(info.additional_claims().rest.clone());
            }
        }
        let subject = claims.subject().as_str().to_owned();
        let roles = RoleSet::of_claims(&all, path, &self.settings.roles);
        if roles.is_empty() {
            return Err(OidcError::NoRole);
        }
        let name = shown_name(name, &subject);
        Ok(Vouched { name, subject, roles })
    }
}

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 64;

/// The name that pages show: what the provider says where it can be shown, else its own name for the operator. Either may
/// be chosen by the operator, so pages say beside it where it comes from.
fn shown_name(name: Option<String>, subject: &str) -> String {
    let plain = |name: &String| text::check(name, MAX_NAME).is_ok() && name.trim() == name.as_str();
    let fallback = || subject.chars().filter(char::is_ascii_graphic).take(MAX_NAME).collect();
    name.filter(plain).unwrap_or_else(fallback)
}

fn bad_token(error: &ClaimsVerificationError) -> OidcError {
    tracing::warn!(%error, "an ID token was refused");
    OidcError::Token
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn a_name_that_could_mislead_is_not_shown() {
        let shown = |name: &str| shown_name(Some(name.to_owned()), "sub-77");
        assert_eq!(shown("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(shown("Åsa Öberg"), "Åsa Öberg");
        let long = "a".repeat(65);
        for bad in ["", " ", " ada", "ada ", "ad\u{200b}a", "\u{202e}ada", "a\nb", "ada\u{feff}", &long] {
            assert_eq!(shown(bad), "sub-77", "{bad:?}");
        }
        assert_eq!(shown_name(None, "sub\u{202e}77"), "sub77");
    }
}
