//! Making, replacing and revoking API keys.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::keys::key_environment;
use gate::{App, Cidr, Dossier};
use kernel::id::kinds::ApiKey as Kind;
use kernel::problem::INVALID;
use kernel::{FieldError, Line, Problem, Timestamp};
use oauth::{ApiKey, hash_secret};
use serde::Deserialize;
use store::api_keys::{self, ApiKey as Kept, NewApiKey};
use store::revocations::{self, Revocation, Revoked};
use store::{TenantTx, partners};
use utoipa::ToSchema;

use super::{ApiKeyView, ENDED, NOT_FOR_KEYS, NewApiKeyView, owner};
use crate::Settings;
use crate::extract::{At, Body, Facts, Permit};
use crate::reply::{Answer, Refused, Reply};

/// An API key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyDraft {
    /// What its owner calls it.
    name: Line<1, 64>,
    /// What it may: at most what the token of this request may, and never `manage:keys`.
    #[schema(min_items = 1, max_items = 64)]
    scopes: Vec<Line<1, 64>>,
    /// Networks that it may be used from, as CIDR; any when left out.
    #[serde(default)]
    #[schema(max_items = 16)]
    networks: Vec<Line<1, 64>>,
    /// Days until it ends; 90 when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365, nullable = false)]
    expires_in_days: Option<u16>,
}

/// How an API key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Hours for which the old key stays good beside the new one; 24 when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 168, nullable = false)]
    overlap_hours: Option<u16>,
}

/// Make an API key for the client that asks.
///
/// The key is shown this once; it is not kept. Whoever loses the answer revokes the key and makes
/// another one, so this operation takes no idempotency key: a stored answer would keep the key.
#[utoipa::path(
    post, path = "/v1/api-keys", operation_id = "api_key.create", tag = "API keys",
    request_body = ApiKeyDraft,
    responses(
        (status = 201, description = "The key, shown this once", body = NewApiKeyView),
        (status = 409, description = "There are as many keys as there may be"),
    ),
    extensions(("x-ringwall" = json!({"action": "api_key.create", "sensitive": "high"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<ApiKeyDraft>,
) -> Answer {
    let client_id = owner(&permit)?;
    check(&draft, &permit)?;
    let found = partners::find(&app.store, client_id, dossier.received_at).await?;
    if found.is_none_or(|partner| partner.strict) {
        return Err(Problem::new(&NOT_FOR_KEYS).into());
    }
    let days = draft.expires_in_days.map_or(api_keys::LIFE, |days| DAY * u32::from(days));
    let expires_at = dossier.received_at.plus(days.min(api_keys::LIFE_MAX));
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let words =
        |lines: &[Line<1, 64>]| lines.iter().map(Line::as_str).collect::<Vec<_>>().join(" ");
    let wanted = Wanted {
        client_id,
        name: draft.name.as_str(),
        scopes: words(&draft.scopes),
        networks: words(&draft.networks),
        expires_at,
    };
    let (made, key) = make(&mut tx, &api, wanted).await?;
    tx.commit(None).await?;
    shown(&made, &key)
}

/// Replace an API key: a new one with the same name, scopes, networks and length of life. The old
/// one stays good for a while, so that nothing stops.
#[utoipa::path(
    post, path = "/v1/api-keys/{id}/rotate", operation_id = "api_key.rotate", tag = "API keys",
    params(("id" = String, Path, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = Rotation,
    responses(
        (status = 201, description = "The new key, shown this once", body = NewApiKeyView),
        (status = 409, description = "The key has ended, or there are as many as there may be"),
        (status = 412, description = "The key was changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "api_key.rotate", "sensitive": "high"})))
)]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
    Body(rotation): Body<Rotation>,
) -> Answer {
    let client_id = owner(&permit)?;
    let now = dossier.received_at;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let old = api_keys::require(&tx, client_id, id).await?;
    if old.revoked_at.is_some() || old.expires_at <= now {
        return Err(Problem::new(&ENDED).into());
    }
    // Nothing grows by being replaced: a token with less scope makes no key with more.
    check_scopes(old.scopes.split_whitespace(), &permit)?;
    let life = old.expires_at.millis().saturating_sub(old.created_at.millis());
    let life = Duration::from_millis(u64::try_from(life).unwrap_or(0)).min(api_keys::LIFE_MAX);
    let wanted = Wanted {
        client_id,
        name: &old.name,
        scopes: old.scopes.clone(),
        networks: old.networks.clone(),
        expires_at: now.plus(life),
    };
    let hours = u32::from(rotation.overlap_hours.unwrap_or(OVERLAP_HOURS));
    let ending = api_keys::end_at(&mut tx, &old, now.plus(HOUR * hours)).await?;
    // Without an overlap it is over now, also where another node remembers it.
    let over = (ending.expires_at <= now).then(|| end(&dossier, &ending));
    if let Some(one) = &over {
        revocations::add(&mut tx, one).await?;
    }
    let (made, key) = make(&mut tx, &api, wanted).await?;
    tx.commit(None).await?;
    app.keys.forget(&ending.key_id);
    if let Some(one) = &over {
        app.revocations.learn(one);
    }
    shown(&made, &key)
}

/// Revoke an API key for good. No node takes it two seconds later.
#[utoipa::path(
    post, path = "/v1/api-keys/{id}/revoke", operation_id = "api_key.revoke", tag = "API keys",
    params(("id" = String, Path, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "It is revoked", body = ApiKeyView),
        (status = 412, description = "The key was changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "api_key.revoke", "sensitive": "high"})))
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let client_id = owner(&permit)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let key = api_keys::require(&tx, client_id, id).await?;
    if key.revoked_at.is_some() {
        return Reply::ok(&ApiKeyView::from(&key));
    }
    let revoked = api_keys::revoke(&mut tx, &key).await?;
    let one = end(&dossier, &revoked);
    revocations::add(&mut tx, &one).await?;
    tx.commit(None).await?;
    app.revocations.learn(&one);
    Reply::ok(&ApiKeyView::from(&revoked))
}

/// Every node has it until what it remembers of the key is over as well.
fn end(dossier: &Dossier, key: &Kept) -> Revocation {
    let at = dossier.received_at;
    let subject = key.key_id.clone();
    Revocation { kind: Revoked::ApiKey, subject, at, until: at.plus(REMEMBERED) }
}

struct Wanted<'a> {
    client_id: &'a str,
    name: &'a str,
    scopes: String,
    networks: String,
    expires_at: Timestamp,
}

async fn make(
    tx: &mut TenantTx,
    api: &Settings,
    wanted: Wanted<'_>,
) -> Result<(Kept, ApiKey), Refused> {
    let key = ApiKey::generate(key_environment(api.environment));
    let new = NewApiKey {
        client_id: wanted.client_id.to_owned(),
        key_id: key.key_id().to_owned(),
        environment: key.environment().as_str().to_owned(),
        hash: hash_secret(&api.api_key_pepper, key.whole().expose()).to_bytes().to_vec(),
        last_four: key.last_four().to_owned(),
        name: wanted.name.to_owned(),
        scopes: wanted.scopes,
        networks: wanted.networks,
        expires_at: wanted.expires_at,
    };
    Ok((api_keys::add(tx, new).await?, key))
}

fn shown(made: &Kept, key: &ApiKey) -> Answer {
    let view = NewApiKeyView { shown: made.into(), key: key.whole().expose().clone() };
    Ok(Reply::created(format!("/v1/api-keys/{}", made.id), &view)?
        .with(http::header::CACHE_CONTROL, "no-store".to_owned()))
}

fn check(draft: &ApiKeyDraft, permit: &policy::Permit) -> Result<(), Refused> {
    check_scopes(draft.scopes.iter().map(Line::as_str), permit)?;
    let odd = draft.networks.iter().position(|network| network.as_str().parse::<Cidr>().is_err());
    if let Some(place) = odd {
        let detail = "expected a network such as `203.0.113.0/24` or `2001:db8::/32`";
        return Err(at(format!("/networks/{place}"), "format", detail));
    }
    Ok(())
}

/// A key has no more scope than the token that makes it, or a token with little would become a key
/// with much; and no key makes keys, or a stolen one would never end.
fn check_scopes<'a>(
    scopes: impl Iterator<Item = &'a str>,
    permit: &policy::Permit,
) -> Result<(), Refused> {
    for (place, scope) in scopes.enumerate() {
        if !permit.caller().has_scope(scope) || scope == MANAGE_KEYS {
            let detail = "expected a scope of this request's own token, and not `manage:keys`";
            return Err(at(format!("/scopes/{place}"), "scope_not_allowed", detail));
        }
    }
    Ok(())
}

fn at(pointer: String, code: &'static str, detail: &'static str) -> Refused {
    Problem::new(&INVALID).error(FieldError::new(pointer, code, detail)).into()
}

const MANAGE_KEYS: &str = "manage:keys";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const OVERLAP_HOURS: u16 = 24;
/// Longer than a node remembers a key that it looked up.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
