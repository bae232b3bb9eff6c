//! Reading an agency's people.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::id::kinds::User;
use store::staff;

use super::{PersonList, PersonView};
use crate::extract::{At, Permit};
use crate::reply::{Answer, Reply};

/// List everybody on the staff.
#[utoipa::path(
    get, path = "/v1/staff", operation_id = "person.list", tag = "Staff",
    responses((status = 200, description = "Everybody, also who left", body = PersonList)),
    extensions(("x-ringwall" = json!({"action": "user.list"})))
)]
pub(crate) async fn list(State(app): State<Arc<App>>, Permit(permit): Permit) -> Answer {
    let view = app.store.view(&permit).await?;
    let people = staff::list(&view).await?;
    let data: Result<_, _> = people.iter().map(|one| PersonView::of(&view, one)).collect();
    Reply::ok(&PersonList { data: data? })
}

/// Read somebody on the staff.
#[utoipa::path(
    get, path = "/v1/staff/{id}", operation_id = "person.read", tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The person", body = PersonView)),
    extensions(("x-ringwall" = json!({"action": "user.list"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<User>,
) -> Answer {
    let view = app.store.view(&permit).await?;
    let account = staff::require(&view, id).await?;
    Ok(Reply::ok(&PersonView::of(&view, &account)?)?.version(account.version))
}
