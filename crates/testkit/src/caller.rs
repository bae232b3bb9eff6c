//! Somebody who calls the API, with a token or without.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gate::Proven;
use http::Method;
use serde_json::Value;

use crate::ask::Ask;
use crate::platform::Running;
use crate::tenant::basic;

/// Somebody who calls. Clones share what they have seen.
#[derive(Clone)]
pub struct Caller {
    pub(crate) running: Arc<Running>,
    pub(crate) token: Option<String>,
    pub(crate) proven: Option<Proven>,
    seen: Arc<Mutex<HashMap<String, String>>>,
}

impl Caller {
    pub(crate) fn new(running: Arc<Running>, token: Option<String>) -> Self {
        Self { running, token, proven: None, seen: Arc::default() }
    }

    pub(crate) fn person(running: Arc<Running>, caller: policy::Caller) -> Self {
        let proven = Some(Proven(Arc::new(caller)));
        Self { running, token: None, proven, seen: Arc::default() }
    }

    /// The same platform, with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self::new(Arc::clone(&self.running), Some(token.into()))
    }

    /// The access token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn bearer(&self) -> &str {
        self.token.as_deref().expect("this caller has a token")
    }

    /// Asks for a resource.
    pub fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    /// Sends JSON with a new idempotency key; a move of a resource also states the version last
    /// seen of it.
    pub fn post(&self, path: &str, body: Value) -> Ask {
        self.ask(Method::POST, path).json(&body)
    }

    /// Moves a resource on, from the version last seen.
    pub fn take(&self, path: &str) -> Ask {
        self.ask(Method::POST, path)
    }

    /// Changes a resource by a merge patch, from the version last seen.
    pub fn patch(&self, path: &str, patch: Value) -> Ask {
        self.ask(Method::PATCH, path)
            .json(&patch)
            .with_header("content-type", "application/merge-patch+json")
    }

    /// Deletes a resource in the version last seen.
    pub fn delete(&self, path: &str) -> Ask {
        self.ask(Method::DELETE, path)
    }

    /// Asks for an access token.
    pub fn token(&self, client_id: &str, secret: &str) -> Ask {
        self.ask(Method::POST, "/oauth/token")
            .form("grant_type=client_credentials")
            .with_header("authorization", &basic(client_id, secret))
    }

    /// Asks anything.
    pub fn ask(&self, method: Method, path: &str) -> Ask {
        Ask::new(self.clone(), method, path)
    }

    /// The version last seen of the resource that a path is about.
    pub(crate) fn seen(&self, path: &str) -> Option<String> {
        let seen = self.seen.lock().expect("no test panics with this lock");
        seen.get(&resource(path)).cloned()
    }

    pub(crate) fn saw(&self, path: &str, tag: &str) {
        let mut seen = self.seen.lock().expect("no test panics with this lock");
        seen.insert(resource(path), tag.to_owned());
    }
}

/// The resource that a path is about: `/v1/jobs/job_1` of `/v1/jobs/job_1/open`.
fn resource(path: &str) -> String {
    path.split('/').take(4).collect::<Vec<_>>().join("/")
}
