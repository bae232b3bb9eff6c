//! Accounts that rest on an identity provider's word, and those that may come past it.

use kernel::{Pii, Purpose, UserId};
use policy::Role;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use signin::SignInIndex;

use super::{Account, Status, record, row, save};
use crate::entities::staff::{Column, Entity};
use crate::journal::{Change, Record};
use crate::{StoreError, TenantTx, TenantView};

/// Somebody whom an identity provider vouches for.
pub struct Admitted {
    /// What finds their account: the provider's word for them, hashed.
    pub index: SignInIndex,
    /// The provider's name.
    pub provider: String,
    /// Their address, as far as the provider says. For showing: it finds nobody.
    pub email: Pii<String>,
    /// Their name, as far as the provider says.
    pub name: Pii<String>,
    /// What their groups make them.
    pub roles: Vec<Role>,
}

/// The account of somebody whom a provider vouches for.
///
/// # Errors
/// When the database fails.
pub async fn federated(
    view: &TenantView,
    index: &SignInIndex,
) -> Result<Option<Account>, StoreError> {
    let found = view.find::<Entity>().filter(Column::SignInIndex.eq(index.0.to_vec()));
    found.one(&view.session).await?.map(Account::try_from).transpose()
}

/// Takes somebody onto the staff on a provider's word. They never enrol: there is nothing here that
/// they could prove themselves with.
///
/// # Errors
/// [`StoreError::Taken`] when another request did so at the same moment, or the database fails.
pub async fn admit(tx: &mut TenantTx, new: Admitted) -> Result<Account, StoreError> {
    let id = UserId::new(tx.clock());
    let personal = (new.email.open(Purpose::Seal).as_str(), new.name.open(Purpose::Seal).as_str());
    let row = row(tx, id, (&new.index, personal), (&new.roles, Status::Active, Some(new.provider)));
    let made = record(id, 1, Change::Created, &["email", "display_name", "roles", "provider"]);
    tx.insert(row, Record { event: Some("staff.admitted"), ..made }).await?;
    super::require(tx, id).await
}

/// Lets somebody come past the provider in an emergency, or no more.
///
/// # Errors
/// When the account changed meanwhile or the database fails.
pub async fn set_break_glass(
    tx: &mut TenantTx,
    account: &Account,
    may: bool,
) -> Result<(), StoreError> {
    let update = Entity::update_many().col_expr(Column::IsBreakGlass, may.into());
    save(tx, account, update, (&["is_break_glass"], Some("staff.break_glass_changed"))).await
}

/// Tells subscribers that somebody came past the provider, or proved there again who they are. The
/// account stays as it is.
pub fn came_past_provider(tx: &mut TenantTx, account: &Account) {
    let told = record(account.id, account.version, Change::Updated, &["sessions"]);
    tx.record(Record { event: Some("staff.break_glass_used"), ..told });
}

/// How many people of the view's tenant could come past the provider now.
///
/// # Errors
/// When the database fails.
pub async fn count_break_glass(view: &TenantView) -> Result<u64, StoreError> {
    let found = view
        .find::<Entity>()
        .filter(Column::IsBreakGlass.eq(true))
        .filter(Column::Status.eq(Status::Active.name()));
    Ok(found.count(&view.session).await?)
}
