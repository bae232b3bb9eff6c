//! What lies inside the rings: the router of our own API.

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use gate::{App, Inner, Response, Visit};
use kernel::Problem;
use kernel::problem::NOT_FOUND;
use oauth::opaque::GrantKey;
use oauth::{MutualTls, Pepper};
use store::Pools;
use tower::ServiceExt;
use vault::TokenKey;

use crate::docs::Documentation;
use crate::extract::Shared;
use crate::oauth::remembered::Remembered;
use crate::reply::Refused;
use crate::security::leaks::LeakKeys;
use crate::staff::SignIn;

/// Settings of the API, wired once by the binary.
pub struct Settings {
    /// Who issues our tokens.
    pub issuer: String,
    /// Whom our tokens are for.
    pub audience: String,
    /// The environment that this server serves: callers of another one get no tokens.
    pub environment: policy::Environment,
    /// How clients may show certificates; nothing where they may not.
    pub mutual_tls: Option<MutualTls>,
    /// What client secrets may be hashed with.
    pub peppers: Vec<Pepper>,
    /// What new API keys are hashed with.
    pub api_key_pepper: Pepper,
    /// What kept ones may be hashed with.
    pub api_key_peppers: Vec<Pepper>,
    /// What codes and refresh tokens are hashed with.
    pub grant_key: GrantKey,
    /// What seals authorization requests on their way through a browser.
    pub asked: TokenKey,
    /// Whose reports of leaked keys are believed; nobody's where there is none.
    pub leak_keys: Option<Arc<LeakKeys>>,
    /// What people sign in with.
    pub sign_in: SignIn,
    /// Clients that proved themselves a moment ago.
    pub remembered: Remembered,
    /// What seals cursors.
    pub cursors: TokenKey,
    /// The tenants' candidates in memory, ready to be ranked.
    pub pools: Arc<Pools>,
    /// The pages about this API.
    pub documentation: Documentation,
}

/// Every handler by its route, without the engines that they need.
#[derive(Clone)]
pub struct Routes(pub(crate) Router<Shared>);

/// The router as the innermost service of the gate.
pub struct Inside {
    router: Router,
}

impl Inside {
    /// The handlers with their engines.
    #[must_use]
    pub fn new(routes: Routes, app: Arc<App>, api: Arc<Settings>) -> Arc<Self> {
        let router = routes.0.fallback(nowhere).with_state(Shared { app, api });
        Arc::new(Self { router })
    }
}

impl Inner for Inside {
    fn call(&self, visit: Visit) -> BoxFuture<'static, Response> {
        let Visit { mut request, dossier } = visit;
        request.extensions_mut().insert(dossier);
        let answered = self.router.clone().oneshot(*request);
        Box::pin(async move { answered.await.unwrap_or_else(|never| match never {}) })
    }
}

/// Reached only when the contract declares what the router lacks.
async fn nowhere() -> Refused {
    Problem::new(&NOT_FOUND).into()
}
