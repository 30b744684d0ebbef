//! An OpenID provider in a few lines: discovery, keys and the token endpoint, which checks PKCE. What its ID tokens say,
//! each test decides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use nod_protocol::bytes::{Digest, encode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::START;

pub(super) struct Issuer {
    pub(super) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    inner: Mutex<Inner>,
}

struct Inner {
    key: EcdsaKeyPair,
    kid: String,
    down: bool,
    asked: u32,
    /// By code: the PKCE challenge and the ID token.
    grants: HashMap<String, (String, String)>,
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

impl Issuer {
    #[allow(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner =
            Inner { key: key(), kid: "one".to_owned(), down: false, asked: 0, grants: HashMap::new() };
        let shared = Arc::new(Shared { url: url.clone(), inner: Mutex::new(inner) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    pub(super) fn claims(&self, nonce: &str) -> Value {
        json!({
            "iss": self.url,
            "aud": "nod-console",
            "sub": "subject-1",
            "iat": START / 1000,
            "exp": START / 1000 + 300,
            "nonce": nonce,
            "preferred_username": "Ada Lovelace",
            "access": { "roles": ["desk", "something-else"] },
        })
    }

    /// Signs with the current key.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let inner = self.shared.inner.lock().unwrap();
        let header = json!({ "alg": "ES256", "kid": inner.kid, "typ": "JWT" });
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = inner.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", encode(signature.as_ref()))
    }

    /// Gives `token` for `code` to whoever knows the verifier behind `challenge`.
    pub(super) fn grant(&self, code: &str, challenge: &str, token: String) {
        let mut inner = self.shared.inner.lock().unwrap();
        inner.grants.insert(code.to_owned(), (challenge.to_owned(), token));
    }

    /// Signs with another key from now on.
    pub(super) fn rotate(&self) {
        let mut inner = self.shared.inner.lock().unwrap();
        inner.key = key();
        inner.kid = "two".to_owned();
    }

    pub(super) fn set_down(&self, down: bool) {
        self.shared.inner.lock().unwrap().down = down;
    }

    /// How often it was asked who it is.
    pub(super) fn asked(&self) -> u32 {
        self.shared.inner.lock().unwrap().asked
    }
}

pub(super) fn part(value: &Value) -> String {
    encode(value.to_string().as_bytes())
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    let mut inner = shared.inner.lock().unwrap();
    inner.asked += 1;
    if inner.down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let url = &shared.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorise"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
    .into_response()
}

async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    let inner = shared.inner.lock().unwrap();
    let point = inner.key.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": inner.kid, "x": x, "y": y });
    Json(json!({ "keys": [key] })).into_response()
}

async fn token(State(shared): State<Arc<Shared>>, RawForm(form): RawForm) -> Response {
    let url = reqwest::Url::parse(&format!("http://x/?{}", str::from_utf8(&form).unwrap())).unwrap();
    let fields: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let grant = shared.inner.lock().unwrap().grants.remove(&fields["code"]);
    let verifier = Digest::of(fields["code_verifier"].as_bytes());
    match grant {
        Some((challenge, token)) if challenge == encode(verifier.as_bytes()) => {
            let answer = json!({ "access_token": "at-1", "token_type": "Bearer", "id_token": token });
            Json(answer).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response(),
    }
}
