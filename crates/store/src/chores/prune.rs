//! Removes what is no longer kept: changes and events after 30 days, stored replies after their
//! time.

use std::time::Duration;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::Progress;
use crate::dialect::{self, Context};
use crate::entities::{change_log, idempotency, outbox, tenant_counter};
use crate::{StoreError, TenantTx, exports, imports};

/// Removes all of it: a delete by index, however many rows there are.
pub(super) async fn step(mut tx: TenantTx) -> Result<Progress, StoreError> {
    // Tells the database that this is no request.
    dialect::enter(&tx.session, Context::Runner).await?;
    let tenant = tx.tenant().uuid();
    let oldest = tx.now().minus(WINDOW).millis();
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::TenantId.eq(tenant))
        .filter(idempotency::Column::ExpiresAt.lte(tx.now().millis()))
        .exec(&tx.session)
        .await?;
    exports::expire(&mut tx, false).await?;
    outbox::Entity::delete_many()
        .filter(outbox::Column::TenantId.eq(tenant))
        .filter(outbox::Column::At.lt(oldest))
        .exec(&tx.session)
        .await?;
    let last: Option<Option<i64>> = tx
        .find::<change_log::Entity>()
        .filter(change_log::Column::At.lt(oldest))
        .select_only()
        .expr(change_log::Column::Seq.max())
        .into_tuple()
        .one(&tx.session)
        .await?;
    if let Some(floor) = last.flatten() {
        forget(&tx, floor).await?;
    }
    let next = tx.real_now().plus(EVERY);
    tx.commit(None).await?;
    Ok(Progress::Until(next))
}

/// Removes what is left of imports and exports that were given up.
pub(super) async fn forget_failed(tx: TenantTx) -> Result<(), StoreError> {
    exports::forget_failed(&tx).await?;
    imports::forget_failed(&tx).await?;
    tx.commit(None).await
}

/// The floor rises first: a reader finds either the change or the refusal.
async fn forget(tx: &TenantTx, floor: i64) -> Result<(), StoreError> {
    let tenant = tx.tenant().uuid();
    tenant_counter::Entity::update_many()
        .col_expr(tenant_counter::Column::ChangeFloor, floor.into())
        .filter(tenant_counter::Column::TenantId.eq(tenant))
        .filter(tenant_counter::Column::ChangeFloor.lt(floor))
        .exec(&tx.session)
        .await?;
    change_log::Entity::delete_many()
        .filter(change_log::Column::TenantId.eq(tenant))
        .filter(change_log::Column::Seq.lte(floor))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// How long changes and events are kept.
const WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const EVERY: Duration = Duration::from_secs(10 * 60);
