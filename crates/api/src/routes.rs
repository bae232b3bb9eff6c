//! All routes: each handler stands here once, for the router and for the contract.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::bulk::{exports, imports};
use crate::extract::Shared;
use crate::{
    api_keys, bans, blocklists, candidates, changes, clients, docs, employments, events, health,
    jobs, limits, matches, oauth, people, sandbox, security, signing_keys, staff, usage_plans,
};

/// Every route, by area.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .merge(oauth_routes())
        .merge(job_routes())
        .merge(candidate_routes())
        .merge(client_routes())
        .merge(sync_routes())
        .merge(match_routes())
        .merge(employment_routes())
        .merge(bulk_routes())
        .merge(sandbox_routes())
        .merge(api_key_routes())
        .merge(people_routes())
        .merge(staff_pages())
        .merge(usage_plan_routes())
        .merge(operating())
}

fn usage_plan_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(usage_plans::read::list, usage_plans::write::create))
        .routes(routes!(
            usage_plans::read::read,
            usage_plans::write::update,
            usage_plans::write::delete
        ))
        .routes(routes!(usage_plans::assignees::list))
        .routes(routes!(usage_plans::assignees::assign, usage_plans::assignees::unassign))
        .routes(routes!(usage_plans::alerts::list))
}

fn operating() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(limits::read))
        .routes(routes!(bans::list))
        .routes(routes!(bans::read))
        .routes(routes!(bans::lift))
        .routes(routes!(security::leaks::report))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::index))
        .routes(routes!(docs::problems))
        .routes(routes!(docs::style))
}

fn oauth_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(oauth::metadata::read))
        .routes(routes!(oauth::keys::list))
        .routes(routes!(staff::authorize::ask))
        .routes(routes!(staff::consent::show, staff::consent::decide))
        .routes(routes!(oauth::par::push))
        .routes(routes!(oauth::token::issue))
        .routes(routes!(oauth::about::revoke))
        .routes(routes!(oauth::about::introspect))
        .routes(routes!(staff::login::login))
        .routes(routes!(staff::login::refresh))
}

fn staff_pages() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(staff::style::style))
        .routes(routes!(staff::enrol::show))
        .routes(routes!(staff::enrol::enrol))
        .routes(routes!(staff::passkeys::enrol::enrol))
        .routes(routes!(staff::sign_in::show, staff::sign_in::prove_password))
        .routes(routes!(staff::sign_in::prove_code))
        .routes(routes!(staff::passkeys::sign_in::prove_passkey))
        .routes(routes!(staff::sso::login::begin))
        .routes(routes!(staff::sso::callback::back))
        .routes(routes!(staff::sso::logout::by_provider))
        .routes(routes!(staff::account::show))
        .routes(routes!(staff::account::sign_out))
        .routes(routes!(staff::account::sign_out_everywhere))
        .routes(routes!(staff::account::end_session))
        .routes(routes!(staff::applications::show))
        .routes(routes!(staff::applications::end))
        .routes(routes!(staff::step_up::show, staff::step_up::prove))
        .routes(routes!(staff::passkeys::step_up::prove))
        .routes(routes!(staff::passkeys::own::show, staff::passkeys::own::add))
        .routes(routes!(staff::passkeys::own::remove))
}

fn people_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(people::read::list, people::write::invite))
        .routes(routes!(people::read::read))
        .routes(routes!(people::write::propose_roles))
        .routes(routes!(people::write::propose_reactivation))
        .routes(routes!(people::write::propose_enrolment))
        .routes(routes!(people::write::deactivate))
        .routes(routes!(people::write::end_sessions))
        .routes(routes!(signing_keys::propose_rotation))
        .routes(routes!(people::proposals::list))
        .routes(routes!(people::proposals::read))
        .routes(routes!(people::proposals::approve))
        .routes(routes!(people::proposals::refuse))
}

fn api_key_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(api_keys::read::list, api_keys::write::create))
        .routes(routes!(api_keys::read::read))
        .routes(routes!(api_keys::write::rotate))
        .routes(routes!(api_keys::write::revoke))
}

fn client_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(clients::read::list, clients::write::create))
        .routes(routes!(clients::read::read, clients::write::update))
        .routes(routes!(clients::moves::activate))
        .routes(routes!(clients::moves::hold))
        .routes(routes!(clients::moves::resume))
        .routes(routes!(clients::moves::archive))
        .routes(routes!(blocklists::client::list))
        .routes(routes!(blocklists::client::block, blocklists::client::unblock))
}

fn job_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(jobs::list::list, jobs::write::create))
        .routes(routes!(jobs::facets::count))
        .routes(routes!(jobs::apply::apply))
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
        .routes(routes!(candidates::merging::merge))
        .routes(routes!(candidates::moves::unblock))
        .routes(routes!(candidates::moves::request_erasure))
        .routes(routes!(blocklists::candidate::list))
        .routes(routes!(blocklists::candidate::block, blocklists::candidate::unblock))
}

fn sync_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(changes::list)).routes(routes!(events::list))
}

fn match_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(matches::run::run))
        .routes(routes!(matches::run::read))
        .routes(routes!(matches::read::list))
        .routes(routes!(matches::read::transitions))
        .routes(routes!(matches::read::read))
        .routes(routes!(matches::moves::shortlist))
        .routes(routes!(matches::moves::submit))
        .routes(routes!(matches::moves::interview))
        .routes(routes!(matches::moves::offer))
        .routes(routes!(matches::moves::accept))
        .routes(routes!(matches::moves::place))
        .routes(routes!(matches::moves::dismiss))
        .routes(routes!(matches::moves::reject))
        .routes(routes!(matches::moves::reinstate))
        .routes(routes!(matches::moves::withdraw))
}

fn employment_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(employments::read::list, employments::write::create))
        .routes(routes!(employments::read::search))
        .routes(routes!(employments::read::transitions))
        .routes(routes!(employments::write::put))
        .routes(routes!(employments::read::read, employments::write::update))
        .routes(routes!(employments::moves::submit))
        .routes(routes!(employments::moves::approve))
        .routes(routes!(employments::moves::activate))
        .routes(routes!(employments::moves::start_leave))
        .routes(routes!(employments::moves::end_leave))
        .routes(routes!(employments::moves::offboard))
        .routes(routes!(employments::moves::rescind))
        .routes(routes!(employments::moves::end))
        .routes(routes!(employments::moves::cancel))
        .routes(routes!(employments::reveal::reveal))
        .routes(routes!(employments::amendments::list, employments::amendments::propose))
        .routes(routes!(employments::amendments::approve))
        .routes(routes!(employments::amendments::cancel))
        .routes(routes!(employments::forms::read))
}

fn bulk_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(imports::list, imports::create))
        .routes(routes!(imports::read))
        .routes(routes!(imports::put_part))
        .routes(routes!(imports::start))
        .routes(routes!(imports::cancel))
        .routes(routes!(imports::results))
        .routes(routes!(exports::list, exports::create))
        .routes(routes!(exports::read))
        .routes(routes!(exports::part))
}

fn sandbox_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(sandbox::clock))
        .routes(routes!(sandbox::advance))
        .routes(routes!(sandbox::reset))
        .routes(routes!(sandbox::trigger))
}
