//! Questions to the outside: HTTPS, no redirects, no more bytes and no more time than stated.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder};

/// Asks others.
#[derive(Clone)]
pub struct Outside(Client);

/// What somebody answered.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[error("expected certificates of authorities in PEM form")]
pub struct OutsideError(#[source] reqwest::Error);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an https URL.
    #[error("expected an https URL")]
    Insecure,
    /// Nobody answered in time, or not over TLS that we trust.
    #[error("no answer")]
    Unreachable(#[source] reqwest::Error),
    /// The answer is larger than anything that was asked for.
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// Another status than 200.
    #[error("expected status 200, found {0}")]
    Status(u16),
    /// The answer is not what was asked for.
    #[error("the answer is not what was asked for: {0}")]
    Content(String),
    /// The metadata leads to another host, which nobody configured.
    #[error("the metadata leads to another origin; name its `jwks_uri` if that is meant")]
    Elsewhere,
    /// It was asked for a moment ago, in vain.
    #[error("there was no answer a moment ago")]
    Waiting,
}

impl Outside {
    /// Trusting these authorities alone, or those of the system.
    ///
    /// # Errors
    /// When the authorities cannot be read.
    pub fn new(authorities_pem: Option<&[u8]>) -> Result<Self, OutsideError> {
        let mut builder = Client::builder()
            .https_only(true)
            // A redirect would lead to where nobody configured.
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_MAX)
            .timeout(WAIT_MAX)
            .pool_idle_timeout(IDLE_MAX);
        if let Some(pem) = authorities_pem {
            let authorities = Certificate::from_pem_bundle(pem).map_err(OutsideError)?;
            builder = builder.tls_certs_only(authorities);
        }
        builder.build().map(Self).map_err(OutsideError)
    }

    /// Reads a JSON document.
    ///
    /// # Errors
    /// When there is none within [`WAIT_MAX`].
    pub async fn read(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let answered = ask(url, self.0.get(url)).await?;
        if answered.status == 200 {
            Ok(answered.body)
        } else {
            Err(FetchError::Status(answered.status))
        }
    }

    /// Sends a form, with a value for `Authorization` where there is one.
    ///
    /// # Errors
    /// When nobody answers within [`WAIT_MAX`].
    pub async fn send(
        &self,
        url: &str,
        form: String,
        authorization: Option<&str>,
    ) -> Result<Answered, FetchError> {
        let mut request =
            self.0.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        ask(url, request).await
    }
}

async fn ask(url: &str, request: RequestBuilder) -> Result<Answered, FetchError> {
    if !oauth::provider::is_https(url) {
        return Err(FetchError::Insecure);
    }
    let request = request.header(ACCEPT, "application/json");
    let mut answer = request.send().await.map_err(FetchError::Unreachable)?;
    let (status, mut body) = (answer.status().as_u16(), Vec::new());
    while let Some(part) = answer.chunk().await.map_err(FetchError::Unreachable)? {
        if body.len() + part.len() > ANSWER_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(Answered { status, body })
}

/// Nobody waits longer for an answer from outside.
pub const WAIT_MAX: Duration = Duration::from_secs(3);
const CONNECT_MAX: Duration = Duration::from_secs(2);
const IDLE_MAX: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 64 * 1024;
