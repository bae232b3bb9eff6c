//! All routes: each handler stands here once, for the router and for the contract.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Shared;
use crate::{candidates, clients, docs, health, jobs, oauth};

/// Every route, by area.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(oauth_routes())
        .merge(job_routes())
        .merge(candidate_routes())
        .merge(client_routes())
        .merge(operating())
}

fn operating() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::index))
        .routes(routes!(docs::problems))
        .routes(routes!(docs::style))
}

fn oauth_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(oauth::metadata::read))
        .routes(routes!(oauth::keys::list))
        .routes(routes!(oauth::token::issue))
}

fn client_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(clients::read::list, clients::write::create))
        .routes(routes!(clients::read::read, clients::write::update))
        .routes(routes!(clients::moves::activate))
        .routes(routes!(clients::moves::hold))
        .routes(routes!(clients::moves::resume))
        .routes(routes!(clients::moves::archive))
}

fn job_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(jobs::list::list, jobs::write::create))
        .routes(routes!(jobs::read::read, jobs::write::update, jobs::write::delete))
        .routes(routes!(jobs::moves::submit))
        .routes(routes!(jobs::moves::approve))
        .routes(routes!(jobs::moves::open))
        .routes(routes!(jobs::moves::pause))
        .routes(routes!(jobs::moves::resume))
        .routes(routes!(jobs::moves::fill))
        .routes(routes!(jobs::moves::close))
        .routes(routes!(jobs::moves::cancel))
        .routes(routes!(jobs::moves::reopen))
}

fn candidate_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(candidates::read::list, candidates::write::create))
        .routes(routes!(candidates::read::search))
        .routes(routes!(candidates::read::read, candidates::write::update))
        .routes(routes!(candidates::write::consent))
        .routes(routes!(candidates::moves::activate))
        .routes(routes!(candidates::moves::rest))
        .routes(routes!(candidates::moves::block))
        .routes(routes!(candidates::moves::unblock))
        .routes(routes!(candidates::moves::request_erasure))
}
