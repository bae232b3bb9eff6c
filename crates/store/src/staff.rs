//! People on an agency's staff: who they are, and what they prove themselves with.

mod administration;
mod federation;

use std::time::Duration;

use kernel::{Email, Line, Pii, Purpose, Secret, TenantId, Timestamp, UserId};
use policy::{Environment, Role};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use signin::passkey::NewPasskey;
use signin::{SignInIndex, TicketHash};
use uuid::Uuid;
use vault::Place;

use crate::dialect::{self, Context};
use crate::entities::staff::{ActiveModel, Column, Entity, Model};
use crate::entities::{staff_enrolment as enrolment, staff_recovery_code as recovery, tenant};
use crate::journal::{Change, Record};
use crate::{Store, StoreError, TenantTx, TenantView, passkeys};

pub use administration::{
    active_with, deactivate, end_sessions, reactivate, set_roles, sign_out_everywhere,
};
pub use federation::{
    Admitted, admit, came_past_provider, count_break_glass, federated, set_break_glass,
};

/// Somebody's account.
#[derive(Clone)]
pub struct Account {
    /// Who.
    pub id: UserId,
    /// Whose staff.
    pub tenant: TenantId,
    /// What they are there.
    pub roles: Vec<Role>,
    /// Whether they may sign in.
    pub status: Status,
    /// Their password, as it is kept.
    pub password: Option<Secret<String>>,
    /// When they were taken on.
    pub created_at: Timestamp,
    /// When they last set up how they sign in.
    pub enrolled_at: Option<Timestamp>,
    /// The identity provider that vouches for them; our own sign-in where there is none.
    pub provider: Option<String>,
    /// Whether they may come past the identity provider in an emergency.
    pub is_break_glass: bool,
    /// Counts its changes from 1.
    pub version: i64,
    totp_secret: Option<Vec<u8>>,
    email: Vec<u8>,
    display_name: Vec<u8>,
}

/// Whether somebody may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// They have not set up how they sign in.
    Invited,
    /// They may.
    Active,
    /// They may not any more.
    Deactivated,
}

/// Somebody to take onto the staff.
pub struct NewAccount {
    /// What finds the account when they sign in.
    pub index: SignInIndex,
    /// Their address.
    pub email: Pii<Email>,
    /// Their name.
    pub name: Pii<Line<1, 120>>,
    /// What they are at the agency.
    pub roles: Vec<Role>,
}

/// An account that somebody named, and where it is.
pub struct Claimed {
    /// The account.
    pub account: Account,
    /// Its tenant's environment.
    pub environment: Environment,
}

/// An enrolment link that is good at the moment.
pub struct Enrolment {
    /// Whose.
    pub user: UserId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// The tenant's environment.
    pub environment: Environment,
    /// The tenant's short name.
    pub agency: String,
}

/// What somebody proves themselves with from now on. It takes the place of all that was before.
pub enum Credentials {
    /// A password, and codes beside it.
    Password(WithPassword),
    /// A passkey alone, and the browser that it was made with in two words.
    Passkey(NewPasskey, String),
}

/// A password, and codes beside it.
pub struct WithPassword {
    /// The password, as it is kept.
    pub password: Secret<String>,
    /// What their authenticator app knows.
    pub totp_secret: Secret<Vec<u8>>,
    /// The step of the code that they proved it with.
    pub totp_step: i64,
    /// Recovery codes, as they are kept.
    pub recovery_codes: Vec<[u8; 32]>,
}

/// Takes somebody onto the staff. They cannot sign in before they enrol.
///
/// # Errors
/// [`StoreError::Taken`] when the agency has somebody with this address, or the database fails.
pub async fn add(tx: &mut TenantTx, new: NewAccount) -> Result<UserId, StoreError> {
    let id = UserId::new(tx.clock());
    let email = new.email.open(Purpose::Seal).as_str();
    let personal = (email, new.name.open(Purpose::Seal).as_str());
    let row = row(tx, id, (&new.index, personal), (&new.roles, Status::Invited, None));
    let made = record(id, 1, Change::Created, &["email", "display_name", "roles"]);
    tx.insert(row, Record { event: Some("staff.invited"), ..made }).await?;
    Ok(id)
}

fn row(
    tx: &TenantTx,
    id: UserId,
    (index, (email, name)): (&SignInIndex, (&str, &str)),
    (roles, status, provider): (&[Role], Status, Option<String>),
) -> ActiveModel {
    let now = tx.real_now().millis();
    ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        sign_in_index: Set(index.0.to_vec()),
        email: Set(tx.keys().seal(&place("email", &id.uuid()), email.as_bytes())),
        display_name: Set(tx.keys().seal(&place("display_name", &id.uuid()), name.as_bytes())),
        roles: Set(print_roles(roles)),
        status: Set(status.name().to_owned()),
        password: Set(None),
        totp_secret: Set(None),
        totp_step: Set(0),
        enrolled_at: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
        version: Set(1),
        provider: Set(provider),
        is_break_glass: Set(false),
    }
}

/// The account that somebody named, before they have proven anything.
///
/// # Errors
/// When the database fails.
pub async fn find(store: &Store, index: &SignInIndex) -> Result<Option<Claimed>, StoreError> {
    let session = store.read_as(Context::Presented(index.to_text())).await?;
    let found = Entity::find().filter(Column::SignInIndex.eq(index.0.to_vec()));
    let row = found.one(&session).await?;
    // As many queries whether there is an account or not.
    let tenant = row.as_ref().map_or(Uuid::nil(), |row| row.tenant_id);
    let tenant = tenant::Entity::find_by_id(tenant).one(&session).await?;
    let Some(row) = row else { return Ok(None) };
    let environment = environment(&tenant.ok_or(StoreError::Missing)?)?;
    Ok(Some(Claimed { account: row.try_into()?, environment }))
}

/// Somebody of the view's tenant.
///
/// # Errors
/// [`StoreError::Missing`] when there is nobody of this id, or the database fails.
pub async fn require(view: &TenantView, id: UserId) -> Result<Account, StoreError> {
    let found = view.find::<Entity>().filter(Column::Id.eq(id.uuid()));
    found.one(&view.session).await?.ok_or(StoreError::Missing)?.try_into()
}

/// Everybody on the view's tenant's staff, the first ones first; at most [`LISTED_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView) -> Result<Vec<Account>, StoreError> {
    let rows = view.find::<Entity>().order_by_asc(Column::Id).limit(LISTED_MAX);
    rows.all(&view.session).await?.into_iter().map(Account::try_from).collect()
}

impl Account {
    /// Their address and name.
    ///
    /// # Errors
    /// When they do not open: they were moved, changed, or sealed under another key.
    pub fn person(&self, view: &TenantView) -> Result<(Pii<String>, Pii<String>), StoreError> {
        let row = self.id.uuid();
        let open = |column: &'static str, sealed: &[u8]| {
            let opened = view.keys().open(&place(column, &row), sealed)?;
            let text = String::from_utf8(opened.expose().clone());
            text.map(Pii::new).map_err(|_| self.odd(column))
        };
        Ok((open("email", &self.email)?, open("display_name", &self.display_name)?))
    }

    /// What their authenticator app knows, where they have one.
    ///
    /// # Errors
    /// When it does not open.
    pub fn totp_secret(&self, view: &TenantView) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        let Some(sealed) = &self.totp_secret else { return Ok(None) };
        Ok(Some(view.keys().open_sensitive(&place("totp_secret", &self.id.uuid()), sealed)?))
    }

    fn odd(&self, what: &str) -> StoreError {
        odd(self.id.uuid(), what)
    }
}

/// Keeps an enrolment link for somebody; earlier ones are good no more.
///
/// # Errors
/// When the database fails.
pub async fn invite(
    tx: &mut TenantTx,
    user: UserId,
    (ticket, expires_at): (TicketHash, Timestamp),
) -> Result<(), StoreError> {
    let now = tx.real_now().millis();
    enrolment::Entity::update_many()
        .col_expr(enrolment::Column::TakenAt, now.into())
        .filter(enrolment::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(enrolment::Column::StaffId.eq(user.uuid()))
        .filter(enrolment::Column::TakenAt.is_null())
        .exec(&tx.session)
        .await?;
    let row = enrolment::ActiveModel {
        hash: Set(ticket.0.to_vec()),
        tenant_id: Set(tx.tenant().uuid()),
        staff_id: Set(user.uuid()),
        created_at: Set(now),
        expires_at: Set(expires_at.millis()),
        taken_at: Set(None),
    };
    tx.insert(row, record(user, 1, Change::Updated, &["enrolment"])).await
}

/// The enrolment that a link is for, if it is still good. Looking does not use it up: programs
/// that look at links in mails do so, too.
///
/// # Errors
/// When the database fails.
pub async fn enrolment(
    store: &Store,
    ticket: &TicketHash,
    now: Timestamp,
) -> Result<Option<Enrolment>, StoreError> {
    let session = store.read_as(Context::Presented(ticket.to_text())).await?;
    let found = enrolment::Entity::find_by_id(ticket.0.to_vec()).one(&session).await?;
    let good = found.filter(|row| row.taken_at.is_none() && row.expires_at > now.millis());
    let Some(row) = good else { return Ok(None) };
    dialect::enter(&session, Context::Tenant(row.tenant_id)).await?;
    let tenant = tenant::Entity::find_by_id(row.tenant_id).one(&session).await?;
    let tenant = tenant.ok_or(StoreError::Missing)?;
    Ok(Some(Enrolment {
        user: UserId::from_uuid(row.staff_id),
        tenant: TenantId::from_uuid(row.tenant_id),
        environment: environment(&tenant)?,
        agency: tenant.slug,
    }))
}

/// Uses a link up and sets what somebody signs in with; whether the link was still good. One
/// statement takes the link, so that of several at once one wins. Whoever was signed in as them
/// is not any more.
///
/// # Errors
/// When the account is deactivated or the database fails.
pub async fn enrol(
    tx: &mut TenantTx,
    user: UserId,
    ticket: &TicketHash,
    credentials: Credentials,
) -> Result<bool, StoreError> {
    let now = tx.real_now();
    let taken = enrolment::Entity::update_many()
        .col_expr(enrolment::Column::TakenAt, now.millis().into())
        .filter(enrolment::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(enrolment::Column::Hash.eq(ticket.0.to_vec()))
        .filter(enrolment::Column::StaffId.eq(user.uuid()))
        .filter(enrolment::Column::TakenAt.is_null())
        .filter(enrolment::Column::ExpiresAt.gt(now.millis()))
        .exec(&tx.session)
        .await?;
    if taken.rows_affected != 1 {
        return Ok(false);
    }
    set_credentials(tx, user, credentials).await?;
    sign_out_everywhere(tx, user).await?;
    Ok(true)
}

/// Whatever somebody had before, they have these now.
async fn set_credentials(
    tx: &mut TenantTx,
    user: UserId,
    credentials: Credentials,
) -> Result<(), StoreError> {
    let account = require(tx, user).await?;
    let (with_password, passkey) = match credentials {
        Credentials::Password(with) => (Some(with), None),
        Credentials::Passkey(passkey, label) => (None, Some((passkey, label))),
    };
    let password = with_password.as_ref().map(|with| with.password.expose().clone());
    let sealed = with_password.as_ref().map(|with| {
        tx.keys().seal_sensitive(&place("totp_secret", &user.uuid()), with.totp_secret.expose())
    });
    let update = Entity::update_many()
        .col_expr(Column::Password, password.into())
        .col_expr(Column::TotpSecret, sealed.into())
        .col_expr(Column::TotpStep, with_password.as_ref().map_or(0, |with| with.totp_step).into())
        .col_expr(Column::EnrolledAt, tx.real_now().millis().into())
        .col_expr(Column::Status, Status::Active.name().into())
        .filter(Column::Status.ne(Status::Deactivated.name()));
    let fields = ["password", "totp_secret", "recovery_codes", "passkeys", "status"];
    save(tx, &account, update, (&fields, Some("staff.enrolled"))).await?;
    let codes = with_password.map(|with| with.recovery_codes).unwrap_or_default();
    replace_recovery_codes(tx, user, &codes).await?;
    passkeys::remove_all(tx, user).await?;
    match passkey {
        Some((passkey, label)) => passkeys::add(tx, user, (passkey, &label)).await.map(drop),
        None => Ok(()),
    }
}

async fn replace_recovery_codes(
    tx: &TenantTx,
    user: UserId,
    codes: &[[u8; 32]],
) -> Result<(), StoreError> {
    recovery::Entity::delete_many()
        .filter(recovery::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(recovery::Column::StaffId.eq(user.uuid()))
        .exec(&tx.session)
        .await?;
    let rows = codes.iter().map(|hash| recovery::ActiveModel {
        hash: Set(hash.to_vec()),
        tenant_id: Set(tx.tenant().uuid()),
        staff_id: Set(user.uuid()),
        used_at: Set(None),
    });
    if codes.is_empty() {
        return Ok(());
    }
    recovery::Entity::insert_many(rows).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// Takes a one-time code by its step: whether it is later than every step that was taken before.
/// One statement, so that of several with one code at once one wins.
///
/// # Errors
/// When the database fails.
pub async fn take_step(tx: &mut TenantTx, user: UserId, step: i64) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::TotpStep, step.into())
        .filter(Column::Id.eq(user.uuid()))
        .filter(Column::TotpStep.lt(step))
        .filter(Column::Status.eq(Status::Active.name()));
    tx.update_quietly(update, None).await
}

/// Takes a recovery code: whether it was one, and for the first time.
///
/// # Errors
/// When the database fails.
pub async fn take_recovery_code(
    tx: &mut TenantTx,
    user: UserId,
    hash: &[u8; 32],
) -> Result<bool, StoreError> {
    let now = tx.real_now().millis();
    let update = recovery::Entity::update_many()
        .col_expr(recovery::Column::UsedAt, now.into())
        .filter(recovery::Column::Hash.eq(hash.to_vec()))
        .filter(recovery::Column::StaffId.eq(user.uuid()))
        .filter(recovery::Column::UsedAt.is_null());
    let record = record(user, 1, Change::Updated, &["recovery_codes"]);
    tx.update_quietly(update, Some(record)).await
}

/// Recovery codes that somebody has left.
///
/// # Errors
/// When the database fails.
pub async fn recovery_codes_left(view: &TenantView, user: UserId) -> Result<u64, StoreError> {
    let left = view.find::<recovery::Entity>().filter(recovery::Column::StaffId.eq(user.uuid()));
    let left = left.filter(recovery::Column::UsedAt.is_null());
    Ok(left.count(&view.session).await?)
}

/// Makes sure that somebody's credentials are those that were looked at: of two changes at once one
/// is refused.
///
/// # Errors
/// [`StoreError::Stale`] when the account changed meanwhile, or the database fails.
pub async fn hold(tx: &mut TenantTx, read: &Account) -> Result<(), StoreError> {
    save(tx, read, Entity::update_many(), (&["passkeys"], Some("staff.passkeys_changed"))).await
}

async fn save(
    tx: &mut TenantTx,
    read: &Account,
    update: sea_orm::UpdateMany<Entity>,
    (fields, event): (&[&str], Option<&'static str>),
) -> Result<(), StoreError> {
    let update = update
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, tx.real_now().millis().into())
        .filter(Column::Id.eq(read.id.uuid()))
        .filter(Column::Version.eq(read.version));
    let record = Record { event, ..record(read.id, read.version + 1, Change::Updated, fields) };
    let is_done = tx.update(update, record).await?;
    if is_done { Ok(()) } else { Err(StoreError::Stale { current: read.version + 1 }) }
}

fn record(id: UserId, version: i64, change: Change, fields: &[&str]) -> Record {
    Record {
        resource: "staff",
        id: id.uuid(),
        printed: id.to_string(),
        version,
        change,
        event: None,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

impl Status {
    const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Deactivated];

    /// The stable name, as rows write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }
}

impl TryFrom<Model> for Account {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let status = Status::ALL.into_iter().find(|status| status.name() == row.status);
        Ok(Self {
            id: UserId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            roles: parse_roles(&row.roles).ok_or_else(|| odd(row.id, "roles"))?,
            status: status.ok_or_else(|| odd(row.id, "status"))?,
            password: row.password.map(Secret::new),
            created_at: Timestamp::from_millis(row.created_at),
            enrolled_at: row.enrolled_at.map(Timestamp::from_millis),
            provider: row.provider,
            is_break_glass: row.is_break_glass,
            version: row.version,
            totp_secret: row.totp_secret,
            email: row.email,
            display_name: row.display_name,
        })
    }
}

pub(crate) fn print_roles(roles: &[Role]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    names.join(" ")
}

pub(crate) fn parse_roles(text: &str) -> Option<Vec<Role>> {
    text.split_whitespace().map(|name| name.parse().ok()).collect()
}

pub(crate) fn environment(tenant: &tenant::Model) -> Result<Environment, StoreError> {
    tenant.environment.parse().map_err(|_| StoreError::Inconsistent {
        table: "tenant",
        id: tenant.id.to_string(),
        what: "environment".to_owned(),
    })
}

fn place<'a>(column: &'static str, row: &'a Uuid) -> Place<'a> {
    Place { table: "staff", column, row: row.as_bytes() }
}

fn odd(row: Uuid, what: &str) -> StoreError {
    StoreError::Inconsistent { table: "staff", id: row.to_string(), what: what.to_owned() }
}

/// The most people that are listed.
pub const LISTED_MAX: u64 = 500;
/// How long an enrolment link is good.
pub const ENROLMENT_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// No session lives longer, so a revocation need not either.
const SESSION_LIFE_MAX: Duration = Duration::from_secs(13 * 60 * 60);
