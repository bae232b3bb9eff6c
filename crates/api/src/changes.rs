//! What changed since the caller last asked: the way to keep a copy in step.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use store::changes::{self, Entry};
use utoipa::{IntoParams, ToSchema};

use crate::Settings;
use crate::extract::{Facts, Permit, Query};
use crate::followed::{Kind, kinds};
use crate::may::May;
use crate::paging::List;
use crate::query::OneOrMany;
use crate::reply::{Answer, Reply};

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeQuery {
    /// Only changes of these kinds of things; all that you may list when none is named.
    #[serde(default)]
    #[param(inline, value_type = Vec<Kind>, max_items = 20)]
    types: OneOrMany<Kind>,
    /// Where to begin without a cursor.
    #[serde(default)]
    #[param(inline)]
    from: Start,
    /// Most changes of the page.
    #[serde(default, deserialize_with = "crate::query::number")]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// `page.next_cursor` of the page before.
    #[param(min_length = 1, max_length = 2048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Where to begin without a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// At the oldest change that is kept.
    #[default]
    Oldest,
    /// After the latest change: an empty page with a cursor, to be taken before the lists are read.
    Latest,
}

/// A page of changes. Its cursor never runs out: ask with it again later.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changes {
    /// The changes, oldest first.
    data: Vec<ChangeView>,
    /// Where the log goes on.
    page: Onward,
}

/// Where the log goes on.
#[derive(Serialize, ToSchema)]
pub(crate) struct Onward {
    /// For the `cursor` parameter of the next request, now or within 30 days.
    next_cursor: String,
    /// Is there more already?
    has_more: bool,
}

/// That one thing changed; read it to learn how it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// What kind of thing.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Which one.
    id: String,
    /// Its version after the change.
    version: i64,
    /// `created`, `updated`, or `deleted` for one that is gone.
    op: String,
    /// When.
    at: Timestamp,
}

/// Read what changed, in the order in which it was committed.
///
/// Nothing is left out between a page and the next one, whoever writes meanwhile. Changes are kept
/// for 30 days; an older cursor is answered with 410.
#[utoipa::path(
    get, path = "/v1/changes", operation_id = "change.list", tag = "Sync",
    params(ChangeQuery),
    responses(
        (status = 200, description = "A page", body = Changes),
        (status = 410, description = "Changes since this cursor are no longer kept"),
    ),
    extensions(("x-ringwall" = json!({"action": "change.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Query(query): Query<ChangeQuery>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let kinds = kinds(query.types.into(), &May::new(&app, &permit), &dossier)?;
    let tenant = app.store.view(&permit).await?;
    let place = match list.place::<i64>(query.cursor.as_deref())? {
        None if query.from == Start::Latest => Some(changes::end(&tenant).await?),
        place => place,
    };
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    let slice = changes::after(&tenant, &kinds, place, limit).await?;
    let next_cursor = list.cursor(&slice.up_to);
    let next = slice.has_more.then(|| list.target("/v1/changes", &next_cursor));
    let page = Onward { next_cursor, has_more: slice.has_more };
    let data = slice.entries.into_iter().map(ChangeView::from).collect();
    Ok(Reply::ok(&Changes { data, page })?.next_page(next))
}

impl From<Entry> for ChangeView {
    fn from(entry: Entry) -> Self {
        let Entry { resource: kind, id, version, op, at, .. } = entry;
        Self { kind, id, version, op, at }
    }
}

const LIMIT_DEFAULT: u64 = 100;
