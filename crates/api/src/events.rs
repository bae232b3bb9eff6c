//! What happened. Events are thin: they name what changed and never what it became.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::{EventId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use store::events::{self, Filter};
use utoipa::{IntoParams, ToSchema};

use crate::Settings;
use crate::extract::{Facts, Permit, Query};
use crate::followed::{Kind, kinds};
use crate::may::May;
use crate::paging::{List, Listed, Paging};
use crate::query::OneOrMany;
use crate::reply::{Answer, Reply};

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only events of this name; `job.*` stands for all that start with `job.`.
    #[serde(default, rename = "type")]
    #[param(inline, value_type = Vec<EventName>, max_items = 50)]
    names: OneOrMany<String>,
    /// Only events about these kinds of things; all that you may list when none is named.
    #[serde(default)]
    #[param(inline, value_type = Vec<Kind>, max_items = 20)]
    about: OneOrMany<Kind>,
}

/// The name of an event, or the start of several names. Only a schema.
#[derive(ToSchema)]
#[schema(max_length = 64, pattern = "^[a-z_]+(\\.[a-z_]+)*(\\.\\*)?$")]
pub(crate) struct EventName(#[expect(dead_code, reason = "only a schema")] String);

/// What happened. Only a schema: the outbox keeps events in this form.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    /// Its id.
    id: EventId,
    /// Its place among the changes of the tenant.
    seq: i64,
    /// Its name.
    r#type: String,
    /// The form of the event.
    #[schema(nullable = false)]
    api_version: Option<String>,
    /// When it happened.
    occurred_at: Timestamp,
    /// Whether it is about real people: `production` or `sandbox`.
    mode: String,
    /// Who did it.
    actor: EventActor,
    /// What it happened to.
    object: EventObject,
    /// Names of the members that changed.
    changed: Vec<String>,
    /// The request that did it.
    request_id: Option<RequestId>,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventActor {
    /// `client`, `staff`, `anonymous` or `system`.
    r#type: String,
    /// Which one.
    id: String,
}

/// What something happened to.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventObject {
    /// What kind of thing.
    r#type: String,
    /// Which one.
    id: String,
    /// Its version after the event.
    version: i64,
    /// Where it can be read.
    href: Option<String>,
}

/// List what happened, the latest first.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "event.list", tag = "Sync",
    params(EventQuery, Paging),
    responses((status = 200, description = "A page", body = Listed<Event>)),
    extensions(("x-ringwall" = json!({"action": "event.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<EventQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let about = kinds(query.about.into(), &May::new(&app, &permit), &dossier)?;
    let filter = Filter { about, names: query.names.into() };
    let tenant = app.store.view(&permit).await?;
    let page = events::list(&tenant, &filter, page).await?;
    let (listed, next) = list.listed(page, "/v1/events");
    Ok(Reply::ok(&listed)?.next_page(next))
}
