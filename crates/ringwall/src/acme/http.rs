//! How an authority is asked: over TLS that we trust, and no more is read than it may say.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use reqwest::{Certificate, Client, redirect::Policy};

/// Asks one authority.
#[derive(Clone)]
pub(super) struct Asking(Client);

type Answer = Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>>;

impl Asking {
    /// Trusting these authorities alone, or those of the system.
    pub(super) fn new(authorities_pem: Option<&[u8]>) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(WAIT_MAX);
        if let Some(pem) = authorities_pem {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem)?);
        }
        builder.build().map(Self)
    }
}

impl HttpClient for Asking {
    fn request(&self, request: http::Request<BodyWrapper<Bytes>>) -> Answer {
        let client = self.0.clone();
        Box::pin(async move { ask(&client, request).await.map_err(Error::Other) })
    }
}

async fn ask(
    client: &Client,
    request: http::Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = client.request(head.method, head.uri.to_string()).headers(head.headers);
    let mut response = request.body(body).send().await?;
    let mut answer = http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err("the authority's answer is too large".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    let (parts, ()) = answer.body(())?.into_parts();
    Ok(BytesResponse { parts, body: Box::new(Bytes::from(bytes)) })
}

const WAIT_MAX: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 256 * 1024;
