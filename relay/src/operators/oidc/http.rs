//! How the console talks to its OpenID provider: the workspace's HTTP client as openidconnect wants one.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

/// The longest answer of a provider that is read, in bytes.
const MAX_ANSWER: usize = 512 * 1024;

/// The time that one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client that follows no redirect (RFC 9700 section 4.11), and speaks TLS alone where the issuer does.
pub(super) struct Http(Client);

/// The provider gave no answer that can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// It did not answer.
    #[error("no answer: {0}")]
    Unanswered(String),
    /// The answer is too long.
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    /// The request or the answer is malformed.
    #[error("malformed")]
    Malformed,
}

impl Http {
    pub(super) fn new(roots: Vec<Certificate>, tls_only: bool) -> reqwest::Result<Self> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .https_only(tls_only)
            .timeout(TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(4)
            .tls_certs_merge(roots)
            .user_agent("nod-relay");
        Ok(Self(client.build()?))
    }

    async fn ask(client: Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // The error's own text may name the whole address, of which the query holds nothing secret here.
        let unanswered = |error: reqwest::Error| HttpError::Unanswered(error.without_url().to_string());
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Malformed)?;
        let mut response = client.execute(request).await.map_err(unanswered)?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.extend(response.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body).map_err(|_| HttpError::Malformed)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'static>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(Self::ask(self.0.clone(), request))
    }
}
