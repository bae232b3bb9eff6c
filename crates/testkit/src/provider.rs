//! An identity provider on a port of this machine, over TLS: it answers what a test tells it to,
//! and remembers what it was asked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Signer;

/// An identity provider.
pub struct IdentityProvider {
    state: Arc<Mutex<State>>,
    /// Its name in tokens.
    pub issuer: String,
    /// The certificate that it is trusted by.
    pub ca_pem: String,
}

struct State {
    issuer: String,
    keys: Vec<(String, Signer)>,
    codes: BTreeMap<String, String>,
    asked: Vec<Asked>,
    is_down: bool,
    names_itself: bool,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where.
    pub path: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// The body.
    pub form: String,
}

impl IdentityProvider {
    /// One that answers on a free port.
    ///
    /// # Panics
    /// When the port cannot be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let issuer = format!("https://localhost:{port}/realm");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a private key");
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate and its key");
        let state = Arc::new(Mutex::new(State {
            issuer: issuer.clone(),
            keys: vec![("k1".to_owned(), Signer::new())],
            codes: BTreeMap::new(),
            asked: Vec::new(),
            is_down: false,
            names_itself: true,
        }));
        let (serving, acceptor) = (Arc::clone(&state), TlsAcceptor::from(Arc::new(tls)));
        // Ends with the test's runtime.
        gate::Tasks::new().spawn(serve(listener, acceptor, serving));
        Self { state, issuer, ca_pem: certificate.pem() }
    }

    /// Signs claims with its newest key, under these members of the header.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let state = self.state();
        let (kid, key) = state.keys.last().expect("it has a key");
        let mut all = json!({ "alg": "ES256", "kid": kid });
        for (name, value) in header.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        key.sign(&all, claims)
    }

    /// A code, and the ID token that it becomes.
    pub fn code(&self, id_token: String) -> String {
        let mut state = self.state();
        let code = format!("code-{}", state.codes.len());
        state.codes.insert(code.clone(), id_token);
        code
    }

    /// From now on it signs with another key; the old one is published no more.
    pub fn rotate(&self) {
        let mut state = self.state();
        let name = format!("k{}", state.keys.len() + 1);
        state.keys = vec![(name, Signer::new())];
    }

    /// From now on it answers nothing but errors, or again as before.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// From now on it promises to name itself in answers, or not.
    pub fn set_names_itself(&self, names_itself: bool) {
        self.state().names_itself = names_itself;
    }

    /// What it was asked under a path.
    #[must_use]
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.state().asked.iter().filter(|asked| asked.path.ends_with(path)).cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with this lock")
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        gate::Tasks::new().spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // Who hangs up is no concern of ours.
            let _ended = served.await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization");
    let authorization = authorization.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let form = String::from_utf8_lossy(&body).into_owned();
    let mut state = state.lock().expect("no test panics with this lock");
    state.asked.push(Asked { path: path.clone(), authorization, form: form.clone() });
    let (status, body) = state.answer(&path, &form);
    let response = Response::builder().status(status).header("content-type", "application/json");
    let response = response.header("location", "https://localhost:1/elsewhere");
    Ok(response.body(Full::from(body.to_string())).expect("a response"))
}

impl State {
    fn answer(&mut self, path: &str, form: &str) -> (u16, Value) {
        let issuer = &self.issuer;
        match path {
            _ if self.is_down => (503, json!({})),
            "/realm/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": issuer,
                    "authorization_endpoint": format!("{issuer}/auth"),
                    "token_endpoint": format!("{issuer}/token"),
                    "jwks_uri": format!("{issuer}/jwks"),
                    "end_session_endpoint": format!("{issuer}/end"),
                    "response_types_supported": ["code"],
                    "authorization_response_iss_parameter_supported": self.names_itself,
                }),
            ),
            "/realm/jwks" => {
                let keys = self.keys.iter().map(|(kid, key)| key.jwk(kid));
                let keys: Vec<Value> = keys.filter_map(|k| serde_json::from_str(&k).ok()).collect();
                (200, json!({ "keys": keys }))
            }
            "/realm/token" => {
                let mut fields = form_urlencoded::parse(form.as_bytes());
                let code = fields.find(|(name, _)| name == "code").map(|(_, code)| code);
                match code.and_then(|code| self.codes.remove(code.as_ref())) {
                    Some(id_token) => (200, json!({ "id_token": id_token, "access_token": "at" })),
                    None => (400, json!({ "error": "invalid_grant" })),
                }
            }
            "/realm/moved" => (302, json!({ "keys": [] })),
            _ => (404, json!({})),
        }
    }
}
