//! What a ring is, and how a request passes from one to the next.

use std::sync::Arc;

use axum_core::body::Body;
use futures_util::future::BoxFuture;
use kernel::Problem;

use crate::listener::{Connection, Handler};
use crate::{App, Dossier, bans, render};

/// A request with our body type.
pub type Request = http::Request<Body>;
/// A response with our body type.
pub type Response = http::Response<Body>;

/// A request on its way inward, with what is known about it.
pub struct Visit {
    /// The request: boxed, because each ring hands it on.
    pub request: Box<Request>,
    /// The facts learnt so far.
    pub dossier: Arc<Dossier>,
}

/// What lies inside all rings: our own router, or an upstream.
pub trait Inner: Send + Sync + 'static {
    /// Answers a request that every ring let pass.
    fn call(&self, visit: Visit) -> BoxFuture<'static, Response>;
}

/// One layer of the defence.
pub struct Ring {
    /// Its name: also of its file, its configuration section and its metrics.
    pub name: &'static str,
    guard: Guard,
}

/// Type-erased: one list of like things compiles faster than eleven nested types, and costs one
/// allocation a ring (measured in `benches/rings.rs`).
type Guard =
    Box<dyn Fn(Visit, Next) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync>;

impl Ring {
    /// A ring from its name and function.
    pub fn new<F, Fut>(name: &'static str, app: &Arc<App>, pass: F) -> Self
    where
        F: Fn(Arc<App>, Visit, Next) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let app = Arc::clone(app);
        let guard = move |visit, next| -> BoxFuture<'static, _> {
            Box::pin(pass(Arc::clone(&app), visit, next))
        };
        Self { name, guard: Box::new(guard) }
    }
}

/// The rings and what lies inside them.
pub struct Wall {
    app: Arc<App>,
    rings: Vec<Ring>,
    inner: Arc<dyn Inner>,
}

impl Wall {
    /// Closes the rings around an inner service.
    #[must_use]
    pub fn new(app: Arc<App>, rings: Vec<Ring>, inner: Arc<dyn Inner>) -> Arc<Self> {
        Arc::new(Self { app, rings, inner })
    }

    /// Names of the rings, outermost first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.rings.iter().map(|ring| ring.name)
    }

    /// Lets a request in.
    pub async fn admit(self: Arc<Self>, request: Request) -> Response {
        if let Some(response) = bans::brief::answer(&self.app, &request) {
            return response;
        }
        let clock = self.app.clock.as_ref();
        let method = request.method().clone();
        let dossier = Dossier::open(clock, self.app.posture(), method, request.headers());
        let visit = Visit { request: Box::new(request), dossier: Arc::new(dossier) };
        Next { wall: self, at: 0 }.run(visit).await
    }
}

impl Handler for Arc<Wall> {
    fn call(&self, request: Request, _: Connection) -> BoxFuture<'static, Response> {
        Box::pin(Self::clone(self).admit(request))
    }
}

/// The way inward from a ring.
pub struct Next {
    wall: Arc<Wall>,
    at: usize,
}

impl Next {
    /// Passes the request inward. A refusal on the way is rendered here, so that the rings outside
    /// of it see a response like any other.
    pub async fn run(self, visit: Visit) -> Response {
        let Self { wall, at } = self;
        let dossier = Arc::clone(&visit.dossier);
        let Some(ring) = wall.rings.get(at) else {
            let mut response = wall.inner.call(visit).await;
            return match response.extensions_mut().remove::<Problem>() {
                Some(problem) => render::problem(&wall.app, &dossier, "handler", problem),
                None => response,
            };
        };
        let next = Self { wall: Arc::clone(&wall), at: at + 1 };
        match (ring.guard)(visit, next).await {
            Ok(response) => response,
            Err(problem) => render::problem(&wall.app, &dossier, ring.name, problem),
        }
    }
}
