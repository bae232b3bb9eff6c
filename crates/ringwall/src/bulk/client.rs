//! A client of the API: HTTPS, client credentials, and a second try where that is safe.

use std::time::Duration;

use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::pause;
use crate::cli::bulk::ServerArgs;
use crate::cli::exit::Failure;

/// Who calls, and where.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    client_id: String,
    secret: String,
    token: String,
}

/// What is sent.
pub(crate) struct Sent<'a> {
    pub(crate) media: &'a str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: Option<&'a str>,
}

impl Client {
    /// Signs in.
    pub(crate) async fn sign_in(args: &ServerArgs) -> Result<Self, Failure> {
        if !args.url.starts_with("https://") {
            return Err(Failure::Failed("the server's URL must start with https://".to_owned()));
        }
        let mut builder = reqwest::Client::builder().timeout(TIMEOUT).no_proxy();
        if let Some(path) = &args.ca {
            let pem = std::fs::read(path).map_err(|error| Failure::because(&error))?;
            let authority =
                Certificate::from_pem(&pem).map_err(|error| Failure::because(&error))?;
            builder = builder.tls_certs_only([authority]);
        }
        let http = builder.build().map_err(|error| Failure::because(&error))?;
        let url = args.url.trim_end_matches('/').to_owned();
        let secret = secret(args)?;
        let client_id = args.client_id.clone();
        let mut client = Self { http, url, client_id, secret, token: String::new() };
        client.renew().await?;
        Ok(client)
    }

    /// Asks, and tries again while nobody answers, the server is busy or the token ran out.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        sent: Option<&Sent<'_>>,
    ) -> Result<Response, Failure> {
        let mut last = String::new();
        for _ in 0..TRIES_MAX {
            match self.request(method.clone(), path, sent).send().await {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => self.renew().await?,
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    last = "the server is busy".to_owned();
                }
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => return Err(refused(answer).await),
                Err(error) => last = told(&error),
            }
            pause().await;
        }
        Err(Failure::Failed(format!("no answer after {TRIES_MAX} tries: {last}")))
    }

    /// Asks for JSON.
    pub(crate) async fn json(
        &mut self,
        method: Method,
        path: &str,
        sent: Option<&Sent<'_>>,
    ) -> Result<Value, Failure> {
        let answer = self.ask(method, path, sent).await?;
        answer.json().await.map_err(|error| Failure::because(&error))
    }

    fn request(&self, method: Method, path: &str, sent: Option<&Sent<'_>>) -> RequestBuilder {
        let request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let Some(sent) = sent else { return request };
        let request = request.header("content-type", sent.media).body(sent.bytes.clone());
        match sent.key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    async fn renew(&mut self) -> Result<(), Failure> {
        let mut answer = self.knock().await?;
        for _ in 0..TRIES_MAX {
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            pause().await;
            answer = self.knock().await?;
        }
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(Failure::Failed(format!("the server refused to sign us in: {status}")));
        }
        let body: Value = answer.json().await.map_err(|error| Failure::because(&error))?;
        let token = body.get("access_token").and_then(Value::as_str).unwrap_or_default();
        token.clone_into(&mut self.token);
        Ok(())
    }

    async fn knock(&self) -> Result<Response, Failure> {
        let request = self
            .http
            .post(format!("{}/oauth/token", self.url))
            .basic_auth(&self.client_id, Some(&self.secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        request.send().await.map_err(|error| Failure::Failed(told(&error)))
    }
}

fn secret(args: &ServerArgs) -> Result<String, Failure> {
    let text = match &args.secret_file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| Failure::because(&error))?,
        None => std::env::var("RINGWALL_CLIENT_SECRET").map_err(|_| {
            Failure::Failed("no secret: `--secret-file` or RINGWALL_CLIENT_SECRET".to_owned())
        })?,
    };
    Ok(text.trim().to_owned())
}

/// The problem's code and detail, which hold no values.
async fn refused(answer: Response) -> Failure {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (code, detail) = (member("code"), member("detail"));
    Failure::Failed(format!("the server refused: {status} {code} {detail}").trim_end().to_owned())
}

fn told(error: &reqwest::Error) -> String {
    match Failure::because(error) {
        Failure::Failed(message) => message,
        Failure::Configuration(error) => error.to_string(),
    }
}

const TIMEOUT: Duration = Duration::from_secs(60);
const TRIES_MAX: u32 = 40;
