//! Which applications act for somebody, and the way to take that back.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::StatusCode;
use kernel::html::escape;
use oauth::grants::{FAMILY_LIFE, Family};
use serde::Deserialize;
use store::grants;
use utoipa::ToSchema;

use super::account::{Own, moment};
use super::consent::words;
use super::html;
use super::page::{Page, PageAnswer};
use crate::Settings;
use crate::extract::{Body, Facts, Permit};

/// What to take back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    form: String,
    /// Which grant.
    #[schema(pattern = "^[a-z2-7]{26}$")]
    grant: String,
}

/// Which applications act for somebody.
#[utoipa::path(
    get, path = "/staff/applications", operation_id = "staff.applications", tag = "Staff pages",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "consent.read", "error_form": "page"})))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    let view = app.store.view(&permit).await?;
    let granted = grants::of_person(&view, own.user, dossier.received_at).await?;
    let token = api.sign_in.key.form(&own.name());
    let rows: String = granted.iter().map(|(family, client)| row(family, client, &token)).collect();
    let list = match granted.is_empty() {
        true => "<p>No application acts for you.</p>".to_owned(),
        false => format!("<ul class=\"sessions\">{rows}</ul>"),
    };
    let body = format!("{INTRO}{list}<p class=\"quiet\"><a href=\"/staff\">Back</a></p>");
    Ok(Page::new(StatusCode::OK, html::page("Applications that act for you", false, &body)))
}

/// Takes back what an application was granted. Its tokens end, on every node within two seconds.
#[utoipa::path(
    post, path = "/staff/applications/end", operation_id = "staff.end_application",
    tag = "Staff pages",
    request_body(content = GrantForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Taken back")),
    extensions(("x-ringwall" = json!({
        "action": "consent.end", "error_form": "page", "body_max": 4096
    })))
)]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(sent): Body<GrantForm>,
) -> PageAnswer {
    let own = Own::of(&permit)?;
    own.check(&api.sign_in, &sent.form)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let ended = grants::take_back(&mut tx, own.user, &sent.grant).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Page::see("/staff/applications"))
}

fn row(family: &Family, client: &str, token: &str) -> String {
    let id = html::hidden("grant", &family.id);
    format!(
        "<li><strong>{}</strong><ul>{}</ul><span class=\"quiet\">since {}, ends {},<br>last used \
         {}</span>{}</li>",
        escape(client),
        words::list(&family.scopes),
        moment(family.expires_at.minus(FAMILY_LIFE)),
        moment(family.expires_at),
        moment(family.rotated_at),
        html::form("/staff/applications/end", token, &id, "Take back"),
    )
}

const INTRO: &str = "<p>What you allowed them ends by itself after a day. You can end it now; they \
                     may ask you again.</p>";
