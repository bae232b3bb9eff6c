//! Usage plans: what partners may use, to whom they are assigned, and what was told of their use.
//!
//! Rules are kept as they were written; what they mean is the gate's to know, and the API's to
//! check before they come here. Every change is journalled; nodes hear of all of them.

pub mod alerts;
pub mod assignments;

use std::time::Duration;

use kernel::{TenantId, Timestamp, UsagePlanId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::dialect::Context;
use crate::entities::usage_plan::{ActiveModel, Column, Entity, Model};
use crate::entities::{usage_alert, usage_assignment};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::{Store, StoreError, TenantTx, TenantView};

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsagePlan {
    /// Its id.
    pub id: UsagePlanId,
    /// Whose.
    pub tenant: TenantId,
    /// What its administrators call it; once in an agency.
    pub name: String,
    /// Its rules, as JSON.
    pub rules: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; such plans are only heard of.
    pub deleted_at: Option<Timestamp>,
    /// Counts its changes from 1.
    pub version: i64,
}

/// Writes a new plan down.
///
/// # Errors
/// [`StoreError::Taken`] when the name is, [`StoreError::Full`] when there are as many as may be.
pub async fn add(tx: &mut TenantTx, name: &str, rules: String) -> Result<UsagePlan, StoreError> {
    let mine = tx.find::<Entity>().filter(Column::DeletedAt.is_null());
    if mine.count(&tx.session).await? >= PLANS_MAX {
        return Err(StoreError::Full);
    }
    let (id, now) = (UsagePlanId::new(tx.clock()), tx.real_now());
    let row = Model {
        id: id.uuid(),
        tenant_id: tx.tenant().uuid(),
        name: name.to_owned(),
        rules,
        created_by: tx.author().to_owned(),
        created_at: now.millis(),
        updated_at: now.millis(),
        deleted_at: None,
        version: 1,
    };
    let plan = UsagePlan::from(row.clone());
    tx.insert(ActiveModel::from(row), record(&plan, Change::Created, &[])).await?;
    Ok(plan)
}

/// Writes a plan's name and rules over the version that was read.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since; [`StoreError::Taken`] when the name is.
pub async fn save(
    tx: &mut TenantTx,
    read: &UsagePlan,
    (name, rules): (&str, String),
) -> Result<UsagePlan, StoreError> {
    let changed = [("name", name != read.name), ("rules", rules != read.rules)];
    let fields: Vec<&str> = changed.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    let next = UsagePlan {
        name: name.to_owned(),
        rules,
        updated_at: tx.real_now(),
        version: read.version + 1,
        ..read.clone()
    };
    let update = Entity::update_many()
        .col_expr(Column::Name, next.name.clone().into())
        .col_expr(Column::Rules, next.rules.clone().into());
    write(tx, &next, update, record(&next, Change::Updated, &fields)).await?;
    Ok(next)
}

/// Deletes a plan.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since; [`StoreError::Closed`] while it is assigned.
pub async fn delete(tx: &mut TenantTx, read: &UsagePlan) -> Result<(), StoreError> {
    let assigned = tx
        .find::<usage_assignment::Entity>()
        .filter(usage_assignment::Column::PlanId.eq(read.id.uuid()));
    if assigned.count(&tx.session).await? > 0 {
        return Err(StoreError::Closed);
    }
    let now = tx.real_now();
    let next = UsagePlan {
        deleted_at: Some(now),
        updated_at: now,
        version: read.version + 1,
        ..read.clone()
    };
    let update = Entity::update_many().col_expr(Column::DeletedAt, now.millis().into());
    write(tx, &next, update, record(&next, Change::Deleted, &[])).await
}

async fn write(
    tx: &mut TenantTx,
    next: &UsagePlan,
    update: sea_orm::UpdateMany<Entity>,
    record: Record,
) -> Result<(), StoreError> {
    let read = next.version - 1;
    let update = update
        .col_expr(Column::UpdatedAt, next.updated_at.millis().into())
        .col_expr(Column::Version, next.version.into())
        .filter(Column::Id.eq(next.id.uuid()))
        .filter(Column::Version.eq(read))
        .filter(Column::DeletedAt.is_null());
    if tx.update(update, record).await? {
        return Ok(());
    }
    Err(StoreError::Stale { current: require(tx, next.id).await?.version })
}

/// A plan by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: UsagePlanId) -> Result<UsagePlan, StoreError> {
    let found = view.find::<Entity>().filter(Column::DeletedAt.is_null());
    let row = found.filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.map(UsagePlan::from).ok_or(StoreError::Missing)
}

/// A plan by its id, which nobody deletes or changes until the transaction ends.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn hold(tx: &TenantTx, id: UsagePlanId) -> Result<UsagePlan, StoreError> {
    let mine = tx.find::<Entity>().filter(Column::DeletedAt.is_null());
    let row = mine.filter(Column::Id.eq(id.uuid())).lock_exclusive().one(&tx.session).await?;
    row.map(UsagePlan::from).ok_or(StoreError::Missing)
}

/// A page of the tenant's plans, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    page: PageRequest<UsagePlanId>,
) -> Result<Page<UsagePlan, UsagePlanId>, StoreError> {
    let mut query = view.find::<Entity>().filter(Column::DeletedAt.is_null());
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    let plans = rows.into_iter().map(UsagePlan::from).collect();
    Ok(Page::cut(plans, page.limit, |plan| plan.id))
}

/// The plans of all tenants that changed since `since` or shortly before, deleted ones among them;
/// without `since` all that there are. And the assignments that changed.
///
/// # Errors
/// When the database fails.
pub async fn news(
    store: &Store,
    since: Option<Timestamp>,
) -> Result<(Vec<UsagePlan>, Vec<assignments::Assignment>), StoreError> {
    let session = store.read_as(Context::Runner).await?;
    let since = since.map(|since| since.minus(OVERLAP).millis());
    let mut plans = Entity::find();
    plans = match since {
        Some(since) => plans.filter(Column::UpdatedAt.gte(since)),
        None => plans.filter(Column::DeletedAt.is_null()),
    };
    let plans = plans.all(&session).await?.into_iter().map(UsagePlan::from).collect();
    Ok((plans, assignments::changed(&session, since).await?))
}

/// Forgets plans that were deleted, assignments that ended and alerts of long ago.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let session = store.write_as(Context::Runner).await?;
    let (heard, old) = (now.minus(HEARD_AFTER).millis(), now.minus(ALERTS_KEPT).millis());
    Entity::delete_many().filter(Column::DeletedAt.lt(heard)).exec(&session).await?;
    usage_assignment::Entity::delete_many()
        .filter(usage_assignment::Column::PlanId.is_null())
        .filter(usage_assignment::Column::ChangedAt.lt(heard))
        .exec(&session)
        .await?;
    usage_alert::Entity::delete_many()
        .filter(Expr::col(usage_alert::Column::At).lt(old))
        .exec(&session)
        .await?;
    session.commit().await?;
    Ok(())
}

fn record(plan: &UsagePlan, change: Change, fields: &[&str]) -> Record {
    Record {
        resource: "usage_plan",
        id: plan.id.uuid(),
        printed: plan.id.to_string(),
        version: plan.version,
        change,
        event: None,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

impl From<Model> for UsagePlan {
    fn from(row: Model) -> Self {
        let at = Timestamp::from_millis;
        Self {
            id: UsagePlanId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            name: row.name,
            rules: row.rules,
            created_by: row.created_by,
            created_at: at(row.created_at),
            updated_at: at(row.updated_at),
            deleted_at: row.deleted_at.map(at),
            version: row.version,
        }
    }
}

/// Plans of one agency.
pub const PLANS_MAX: u64 = 100;
/// Longer than any transaction takes, and than clocks of nodes are apart.
const OVERLAP: Duration = Duration::from_secs(60);
/// Longer than any node serves without hearing.
const HEARD_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
const ALERTS_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
