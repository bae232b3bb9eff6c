//! That most of a plan, or all of it, was used: told once in each of its periods, whichever node
//! sees it first.

use kernel::{EventId, Timestamp, UsagePlanId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entities::usage_alert::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::{StoreError, TenantTx, TenantView};

/// That so much was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: EventId,
    /// Of which plan.
    pub plan: UsagePlanId,
    /// By which client or API key.
    pub subject: String,
    /// Of which rule.
    pub rule: String,
    /// How much, in per cent: 80 or 100.
    pub percent: i32,
    /// When the rule's period ends.
    pub ends_at: Timestamp,
    /// When it was seen.
    pub at: Timestamp,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// See [`Alert::plan`].
    pub plan: UsagePlanId,
    /// The plan's version.
    pub version: i64,
    /// See [`Alert::subject`].
    pub subject: String,
    /// See [`Alert::rule`].
    pub rule: String,
    /// See [`Alert::percent`].
    pub percent: i32,
    /// See [`Alert::ends_at`].
    pub ends_at: Timestamp,
}

/// Tells it, unless it was told: whether it was not.
///
/// # Errors
/// When the database fails.
pub async fn tell(tx: &mut TenantTx, new: &NewAlert) -> Result<bool, StoreError> {
    let id = EventId::new(tx.clock());
    let row = ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        plan_id: Set(new.plan.uuid()),
        subject: Set(new.subject.clone()),
        rule: Set(new.rule.clone()),
        percent: Set(new.percent),
        ends_at: Set(new.ends_at.millis()),
        at: Set(tx.real_now().millis()),
    };
    let once = OnConflict::new().do_nothing().to_owned();
    let told = Entity::insert(row).on_conflict(once).exec_without_returning(&tx.session).await?;
    if told == 0 {
        return Ok(false);
    }
    tx.record(Record {
        resource: "usage_plan",
        id: new.plan.uuid(),
        printed: new.plan.to_string(),
        version: new.version,
        change: Change::Updated,
        event: Some(if new.percent >= 100 {
            "usage_plan.used_up"
        } else {
            "usage_plan.nearly_used"
        }),
        fields: vec![new.rule.clone(), new.subject.clone()],
    });
    Ok(true)
}

/// A page of what was told of the tenant's plans, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    page: PageRequest<EventId>,
) -> Result<Page<Alert, EventId>, StoreError> {
    let mut query = view.find::<Entity>();
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    Ok(Page::cut(rows.into_iter().map(Alert::from).collect(), page.limit, |alert| alert.id))
}

impl From<Model> for Alert {
    fn from(row: Model) -> Self {
        Self {
            id: EventId::from_uuid(row.id),
            plan: UsagePlanId::from_uuid(row.plan_id),
            subject: row.subject,
            rule: row.rule,
            percent: row.percent,
            ends_at: Timestamp::from_millis(row.ends_at),
            at: Timestamp::from_millis(row.at),
        }
    }
}
