//! Which client or API key has which plan.

use kernel::{ApiKeyId, TenantId, Timestamp, UsagePlanId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::UsagePlan;
use crate::entities::usage_assignment::{ActiveModel, Column, Entity, Model};
use crate::entities::{api_key, partner};
use crate::journal::{Change, Record};
use crate::{StoreError, TenantTx, TenantView};

/// Who has a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssigneeKind {
    /// A client, by its client id.
    Client,
    /// An API key, by its id: it has the plan instead of that of its client.
    ApiKey,
}

/// Who has which plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Whose caller it is.
    pub tenant: TenantId,
    /// What it is.
    pub kind: AssigneeKind,
    /// Its id.
    pub subject: String,
    /// The plan; nothing any more.
    pub plan: Option<UsagePlanId>,
    /// Since when.
    pub changed_at: Timestamp,
}

impl AssigneeKind {
    const ALL: [Self; 2] = [Self::Client, Self::ApiKey];

    /// The stable name, as rows and answers write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::ApiKey => "api_key",
        }
    }

    /// What an id names.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        if subject.parse::<ApiKeyId>().is_ok() { Self::ApiKey } else { Self::Client }
    }
}

/// Gives a client or key of the tenant a plan, in place of the one that it had.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client or key; [`StoreError::Full`] when the
/// plan has as many as it may.
pub async fn assign(tx: &mut TenantTx, plan: &UsagePlan, subject: &str) -> Result<(), StoreError> {
    let kind = AssigneeKind::of(subject);
    if !exists(tx, kind, subject).await? {
        return Err(StoreError::Missing);
    }
    if of(tx, plan.id, subject).await?.is_some() {
        return Ok(());
    }
    let mine = tx.find::<Entity>().filter(Column::PlanId.eq(plan.id.uuid()));
    if mine.count(&tx.session).await? >= ASSIGNEES_MAX {
        return Err(StoreError::Full);
    }
    put(tx, plan, (kind, subject), Some(plan.id)).await
}

/// Takes a plan from a client or key.
///
/// # Errors
/// [`StoreError::Missing`] when it does not have it.
pub async fn end(tx: &mut TenantTx, plan: &UsagePlan, subject: &str) -> Result<(), StoreError> {
    let found = of(tx, plan.id, subject).await?.ok_or(StoreError::Missing)?;
    put(tx, plan, (found.kind, subject), None).await
}

/// Everybody who has a plan, in order.
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView, plan: UsagePlanId) -> Result<Vec<Assignment>, StoreError> {
    let rows = view
        .find::<Entity>()
        .filter(Column::PlanId.eq(plan.uuid()))
        .order_by_asc(Column::Subject)
        .limit(ASSIGNEES_MAX)
        .all(&view.session)
        .await?;
    rows.into_iter().map(Assignment::try_from).collect()
}

/// Of all tenants: what changed since, also what ended; without `since` all that there are.
pub(super) async fn changed(
    on: &impl ConnectionTrait,
    since: Option<i64>,
) -> Result<Vec<Assignment>, StoreError> {
    let query = match since {
        Some(since) => Entity::find().filter(Column::ChangedAt.gte(since)),
        None => Entity::find().filter(Column::PlanId.is_not_null()),
    };
    query.all(on).await?.into_iter().map(Assignment::try_from).collect()
}

async fn of(
    view: &TenantView,
    plan: UsagePlanId,
    subject: &str,
) -> Result<Option<Assignment>, StoreError> {
    let row = view
        .find::<Entity>()
        .filter(Column::PlanId.eq(plan.uuid()))
        .filter(Column::Subject.eq(subject))
        .one(&view.session)
        .await?;
    row.map(Assignment::try_from).transpose()
}

async fn put(
    tx: &mut TenantTx,
    plan: &UsagePlan,
    (kind, subject): (AssigneeKind, &str),
    to: Option<UsagePlanId>,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        tenant_id: Set(tx.tenant().uuid()),
        kind: Set(kind.name().to_owned()),
        subject: Set(subject.to_owned()),
        plan_id: Set(to.map(UsagePlanId::uuid)),
        changed_by: Set(tx.author().to_owned()),
        changed_at: Set(tx.real_now().millis()),
    };
    let again = OnConflict::columns([Column::TenantId, Column::Kind, Column::Subject])
        .update_columns([Column::PlanId, Column::ChangedBy, Column::ChangedAt])
        .to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(&tx.session).await?;
    tx.record(Record {
        resource: "usage_plan",
        id: plan.id.uuid(),
        printed: plan.id.to_string(),
        version: plan.version,
        change: Change::Updated,
        event: None,
        // Ids of callers, which are no personal data: who was given, or lost, the plan.
        fields: vec!["assignees".to_owned(), subject.to_owned()],
    });
    Ok(())
}

async fn exists(tx: &TenantTx, kind: AssigneeKind, subject: &str) -> Result<bool, StoreError> {
    let count = match (kind, subject.parse::<ApiKeyId>()) {
        (AssigneeKind::ApiKey, Ok(id)) => {
            let keys = tx.find::<api_key::Entity>().filter(api_key::Column::Id.eq(id.uuid()));
            keys.count(&tx.session).await?
        }
        _ => {
            let partners = tx.find::<partner::Entity>();
            let one = partners.filter(partner::Column::ClientId.eq(subject));
            one.count(&tx.session).await?
        }
    };
    Ok(count > 0)
}

impl TryFrom<Model> for Assignment {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let kind = AssigneeKind::ALL.into_iter().find(|kind| kind.name() == row.kind);
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            kind: kind.ok_or_else(|| StoreError::Inconsistent {
                table: "usage_assignment",
                id: row.subject.clone(),
                what: "kind".to_owned(),
            })?,
            subject: row.subject,
            plan: row.plan_id.map(UsagePlanId::from_uuid),
            changed_at: Timestamp::from_millis(row.changed_at),
        })
    }
}

/// Who can have one plan.
pub const ASSIGNEES_MAX: u64 = 1000;
