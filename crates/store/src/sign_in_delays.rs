//! How long who failed has to wait before they may try again, counted by all nodes together.
//!
//! An attempt is counted before it is looked at, and taken back when it was right: however many
//! come at once, no more are looked at than delays allow.

use std::time::Duration;

use kernel::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
use signin::Steps;

use crate::dialect::Context;
use crate::entities::sign_in_delay::{ActiveModel, Column, Entity};
use crate::session::Session as On;
use crate::{Store, StoreError};

/// What attempts are counted by, and how delays grow.
pub type Subject = ([u8; 32], Steps);

/// Counts an attempt as failed, or says how long to wait first; then nothing is counted.
///
/// # Errors
/// When the database fails; then the attempt must not be looked at.
pub async fn attempt(
    store: &Store,
    subjects: &[Subject],
    now: Timestamp,
) -> Result<Result<(), Duration>, StoreError> {
    // One order for everybody: two attempts never wait for each other in a circle.
    let mut subjects = subjects.to_vec();
    subjects.sort_unstable_by_key(|(subject, _)| *subject);
    let on = store.write_as(Context::Nobody).await?;
    for (subject, steps) in subjects {
        if let Some(wait) = count(&on, subject, steps, now).await? {
            // Dropped without a commit: what was counted before is not.
            return Ok(Err(wait));
        }
    }
    on.commit().await?;
    Ok(Ok(()))
}

/// One statement counts and locks the row, so that whoever comes next sees what this one leaves.
async fn count(
    on: &On,
    subject: [u8; 32],
    steps: Steps,
    now: Timestamp,
) -> Result<Option<Duration>, StoreError> {
    let first = ActiveModel {
        subject: Set(subject.to_vec()),
        failures: Set(1),
        failed_at: Set(now.millis()),
        until: Set(0),
    };
    let again = OnConflict::column(Column::Subject)
        .value(Column::Failures, Expr::col((Entity, Column::Failures)).add(1))
        .to_owned();
    Entity::insert(first).on_conflict(again).exec_without_returning(on).await?;
    let row = Entity::find_by_id(subject.to_vec()).one(on).await?.ok_or(StoreError::Missing)?;
    let until = Timestamp::from_millis(row.until);
    if until > now {
        return Ok(Some(until.since(now)));
    }
    let quiet = now.since(Timestamp::from_millis(row.failed_at));
    let before = u32::try_from(row.failures - 1).unwrap_or(0);
    let failures = steps.left(before, quiet).saturating_add(1);
    let delay = steps.delay(failures);
    Entity::update_many()
        .col_expr(Column::Failures, i64::from(failures).into())
        .col_expr(Column::FailedAt, now.millis().into())
        .col_expr(Column::Until, now.plus(delay).millis().into())
        .filter(Column::Subject.eq(subject.to_vec()))
        .exec(on)
        .await?;
    Ok(None)
}

/// How many attempts of a subject have failed in a row.
///
/// # Errors
/// When the database fails.
pub async fn failures(store: &Store, subject: &[u8; 32]) -> Result<u32, StoreError> {
    let row = Entity::find_by_id(subject.to_vec()).one(&store.db().read).await?;
    Ok(row.map_or(0, |row| u32::try_from(row.failures).unwrap_or(u32::MAX)))
}

/// Takes back what was counted by these: the attempt was right.
///
/// # Errors
/// When the database fails.
pub async fn forget(store: &Store, subjects: &[[u8; 32]]) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::Subject.is_in(subjects.iter().map(|subject| subject.to_vec())))
        .exec(&store.db().write)
        .await?;
    Ok(())
}

/// Takes back one attempt that was right, and no other: from one address may come several people.
///
/// # Errors
/// When the database fails.
pub async fn take_back(store: &Store, subject: &[u8; 32]) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).sub(1))
        .filter(Column::Subject.eq(subject.to_vec()))
        .filter(Column::Failures.gt(0))
        .exec(&store.db().write)
        .await?;
    Ok(())
}

/// Forgets failures of long ago.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let done = Entity::delete_many()
        .filter(Column::FailedAt.lt(now.minus(FORGOTTEN_AFTER).millis()))
        .exec(&store.db().write)
        .await?;
    Ok(done.rows_affected)
}

/// Failures of one day do not slow the next.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
