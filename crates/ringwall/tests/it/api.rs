//! A partner at work: a token, and what it opens.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::site::Partner;

/// A caller with a token.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Is it an earlier reply, given again?
    pub(crate) replayed: bool,
}

impl Api {
    /// Gets a token by client credentials.
    pub(crate) async fn log_in(client: Client, url: &str, partner: &Partner) -> Self {
        let asked = client
            .post(format!("{url}/oauth/token"))
            .basic_auth(&partner.client_id, Some(&partner.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        let reply = Reply::read(asked.send().await.expect("an answer")).await.expect("a body");
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = reply.body["access_token"].as_str().expect("a token").to_owned();
        Self { client, url: url.to_owned(), token }
    }

    /// The same caller with connections of its own.
    pub(crate) fn with(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    /// The same caller, with the same token, at another address.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let asked = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        Reply::read(asked.send().await.expect("an answer")).await.expect("a body")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let key = format!("{:032x}", u128::from_ne_bytes(kernel::random::bytes()));
        self.try_post(path, ("idempotency-key", &key), body).await.expect("an answer")
    }

    /// As [`Api::post`], with this header, and failing when the line breaks before the answer.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        (name, value): (&str, &str),
        body: &Value,
    ) -> Result<Reply, reqwest::Error> {
        let asked = self.asking(path).header(name, value);
        let asked = if body.is_null() { asked } else { asked.json(body) };
        Reply::read(asked.send().await?).await
    }

    pub(crate) fn asking(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// A client company to write jobs for.
    pub(crate) async fn company(&self) -> String {
        let company = json!({ "name": "Kestrel", "country": "PT" });
        self.post("/v1/clients", &company).await.is(201).id()
    }
}

impl Reply {
    pub(crate) async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let status = response.status().as_u16();
        let replayed = response.headers().contains_key("idempotency-replayed");
        let bytes = response.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Self { status, body, replayed })
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }
}

/// A job for everybody to see, once it is open.
pub(crate) fn job(company: &str, title: &str) -> Value {
    json!({
        "client_id": company,
        "title": title,
        "description": "Build the ledger of a payments company.",
        "visibility": "public",
        "employment_type": "full_time",
        "remote_policy": { "kind": "remote", "countries_allowed": ["PT", "GR"] },
    })
}

/// A candidate who is found by this address.
pub(crate) fn candidate(email: &str) -> Value {
    json!({
        "given_name": "Ana",
        "family_name": "Sousa",
        "email": email,
        "phone": "+447700900123",
        "time_zone": "Europe/Lisbon",
    })
}
