//! Bans of a tenant's own callers: to see, and to lift. Bans of addresses are nobody's data; an
//! operator has `ringwall bans`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use gate::App;
use kernel::id::kinds::Ban as Kind;
use kernel::{BanId, Timestamp};
use serde::Serialize;
use store::bans::{self, Ban};
use utoipa::ToSchema;

use crate::Settings;
use crate::extract::{At, Facts, Permit};
use crate::paging::{List, Listed, Paging};
use crate::reply::{Answer, Reply};

/// A caller that is, or was lately, kept out because too many of its requests were refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct BanView {
    /// Its id.
    id: BanId,
    /// What is kept out: `client`, `api_key` or `person`.
    kind: &'static str,
    /// The client id, or the id of the key or person.
    subject: String,
    /// How often in a row: each ban is longer than the one before. 0 where an operator did it.
    rung: u32,
    /// What the last of the refused requests was: `unproven`, `forbidden`, `not_found`, `invalid`,
    /// `rate` or `firewall`; or `operator`.
    cause: String,
    /// Since when.
    placed_at: Timestamp,
    /// Until when.
    until: Timestamp,
    /// When somebody lifted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lifted_at: Option<Timestamp>,
    /// Whether it keeps out at this moment.
    holds: bool,
    /// Counts its changes from 1.
    version: i64,
}

impl BanView {
    fn of(ban: Ban, now: Timestamp) -> Self {
        Self {
            id: ban.id,
            kind: ban.kind.name(),
            holds: ban.holds(now),
            subject: ban.subject,
            rung: ban.rung,
            cause: ban.cause,
            placed_at: ban.placed_at,
            until: ban.until,
            lifted_at: ban.lifted_at,
            version: ban.version,
        }
    }
}

/// List which of the agency's callers are, or were lately, kept out.
#[utoipa::path(
    get, path = "/v1/bans", operation_id = "ban.list", tag = "Operating",
    params(Paging),
    responses((status = 200, description = "A page, the latest first", body = Listed<BanView>)),
    extensions(("x-ringwall" = json!({"action": "ban.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    RawQuery(raw): RawQuery,
) -> Answer {
    let raw = raw.unwrap_or_default();
    let list = List::new(&api.cursors, &dossier, &raw);
    let page = list.page(&crate::query::parse::<Paging>(&raw)?)?;
    let view = app.store.view(&permit).await?;
    let now = dossier.received_at;
    let page = bans::page(&view, page).await?.map(|ban| BanView::of(ban, now));
    let (listed, next) = list.listed(page, "/v1/bans");
    Ok(Reply::ok(&listed)?.next_page(next))
}

/// Read a ban.
#[utoipa::path(
    get, path = "/v1/bans/{id}", operation_id = "ban.read", tag = "Operating",
    params(("id" = String, Path, pattern = "^ban_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The ban", body = BanView)),
    extensions(("x-ringwall" = json!({"action": "ban.list"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let view = app.store.view(&permit).await?;
    let ban = bans::require(&view, id).await?;
    let version = ban.version;
    Ok(Reply::ok(&BanView::of(ban, dossier.received_at))?.version(version))
}

/// Lift a ban. Every node lets the caller in again within two seconds, and bans it no more for an
/// hour.
#[utoipa::path(
    post, path = "/v1/bans/{id}/lift", operation_id = "ban.lift", tag = "Operating",
    params(("id" = String, Path, pattern = "^ban_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "It is lifted, or was over", body = BanView),
        (status = 412, description = "It was changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "ban.lift", "sensitive": "high"})))
)]
pub(crate) async fn lift(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let now = dossier.received_at;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = bans::require(&tx, id).await?;
    if !read.holds(now) {
        return Reply::ok(&BanView::of(read, now));
    }
    let lifted = bans::lift(&mut tx, &read).await?;
    tx.commit(None).await?;
    app.bans.learn(&lifted);
    let version = lifted.version;
    Ok(Reply::ok(&BanView::of(lifted, now))?.version(version))
}
