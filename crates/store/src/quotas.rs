//! How much of quotas is leased to nodes, or spent: one row for each caller, rule and period.
//!
//! A lease is one statement, so however many nodes ask at once, no more is leased than there is.

use std::cmp::{max, min};

use kernel::Timestamp;
use sea_orm::sea_query::{Expr, Func, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, ExprTrait,
    QueryFilter, QueryTrait,
};

use crate::dialect::{self, Context};
use crate::entities::quota_use::{ActiveModel, Column, Entity};
use crate::{Store, StoreError};

/// One caller's account with one rule in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// A keyed hash.
    pub key: [u8; 16],
    /// When the period begins.
    pub starts_at: Timestamp,
    /// When the next one does.
    pub ends_at: Timestamp,
}

/// What to lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What all nodes may lease.
    pub limit: u32,
    /// So many at least, where they are left.
    pub want: u32,
    /// Of what is left one in so many.
    pub part: u32,
    /// But not more than this, unless as many are wanted.
    pub most: u32,
    /// What was spent without a lease; it is counted, limit or not.
    pub owed: u32,
}

/// What was leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// How many.
    pub granted: u32,
    /// How many are leased or spent, with these.
    pub used: u64,
    /// What time it is, by the database where it has a clock that nodes share.
    pub now: Timestamp,
}

/// Leases a block: nothing of it where all is leased.
///
/// # Errors
/// When the database fails; whether something was leased is not known then.
pub async fn lease(store: &Store, account: &Account, block: &Block) -> Result<Lease, StoreError> {
    let on = &store.db().write;
    let now = dialect::now_ms(on.get_database_backend());
    let mut insert = Entity::insert(first(account, block)).on_conflict(again(block)).into_query();
    let told = [Expr::col(Column::Used), Expr::col(Column::Granted)];
    insert.returning(Query::returning().exprs(told.into_iter().chain(now.clone())));
    let Some(row) = on.query_one(&insert).await? else { return nothing(store, account).await };
    let (used, granted): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let now = match now {
        Some(_) => Timestamp::from_millis(row.try_get_by_index(2)?),
        None => store.clock().now(),
    };
    let granted = u32::try_from(granted).unwrap_or(0);
    Ok(Lease { granted, used: u64::try_from(used).unwrap_or(0), now })
}

/// Takes back what was not spent (the first number), and counts what was spent without a lease (the
/// second): of all accounts, or of none.
///
/// # Errors
/// When the database fails; whether it was done is not known then.
pub async fn settle(store: &Store, rows: &[(Account, u32, u32)]) -> Result<(), StoreError> {
    // One order for everybody: two nodes never wait for each other in a circle.
    let mut rows = rows.to_vec();
    rows.sort_unstable_by_key(|(account, ..)| (account.key, account.starts_at.millis()));
    let on = store.write_as(Context::Nobody).await?;
    for (account, unused, owed) in rows {
        let more = i64::from(owed) - i64::from(unused);
        let row = row(&account, (max(more, 0), 0));
        let used = Expr::col((Entity, Column::Used)).add(more);
        let again = OnConflict::columns([Column::Key, Column::StartsAt])
            .value(Column::Used, Func::greatest([used, Expr::val(0_i64)]))
            .to_owned();
        Entity::insert(row).on_conflict(again).exec_without_returning(&on).await?;
    }
    on.commit().await?;
    Ok(())
}

/// How many are leased or spent.
///
/// # Errors
/// When the database fails.
pub async fn used(store: &Store, account: &Account) -> Result<u64, StoreError> {
    used_on(&store.db().read, account).await
}

/// Forgets periods that are over for good.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let done = Entity::delete_many()
        .filter(Column::EndsAt.lt(now.minus(KEPT).millis()))
        .exec(&store.db().write)
        .await?;
    Ok(done.rows_affected)
}

/// All is leased. The time is told all the same: it may be time for the next period.
async fn nothing(store: &Store, account: &Account) -> Result<Lease, StoreError> {
    let on = &store.db().write;
    let now = match dialect::now_ms(on.get_database_backend()) {
        None => store.clock().now(),
        Some(now) => {
            let row = on.query_one(&Query::select().expr(now).to_owned()).await?;
            let row = row.ok_or(StoreError::Missing)?;
            Timestamp::from_millis(row.try_get_by_index(0)?)
        }
    };
    Ok(Lease { granted: 0, used: used_on(on, account).await?, now })
}

async fn used_on(on: &DatabaseConnection, account: &Account) -> Result<u64, StoreError> {
    let id = (account.key.to_vec(), account.starts_at.millis());
    let row = Entity::find_by_id(id).one(on).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.used).unwrap_or(0)))
}

/// The first lease of a period.
fn first(account: &Account, block: &Block) -> ActiveModel {
    let Block { limit, want, part, most, owed } = *block;
    let left = limit.saturating_sub(owed);
    let granted = min(left, max(want, min(left / max(part, 1), most)));
    row(account, (i64::from(owed) + i64::from(granted), i64::from(granted)))
}

/// The same of a row that is there, by what it says when the statement has it.
fn again(block: &Block) -> OnConflict {
    let Block { limit, want, part, most, owed } = *block;
    let used = || Expr::col((Entity, Column::Used));
    let left = || Expr::val(i64::from(limit) - i64::from(owed)).sub(used());
    let part = left().div(i64::from(max(part, 1)));
    let block: Expr = Func::least([part, Expr::val(i64::from(most))]).into();
    let block: Expr = Func::greatest([block, Expr::val(i64::from(want))]).into();
    let block: Expr = Func::least([block, left()]).into();
    let granted: Expr = Func::greatest([block, Expr::val(0_i64)]).into();
    let mut again = OnConflict::columns([Column::Key, Column::StartsAt])
        .value(Column::Used, used().add(i64::from(owed)).add(granted.clone()))
        .value(Column::Granted, granted)
        .to_owned();
    if owed == 0 {
        again.action_and_where(used().lt(i64::from(limit)));
    }
    again
}

fn row(account: &Account, (used, granted): (i64, i64)) -> ActiveModel {
    ActiveModel {
        key: Set(account.key.to_vec()),
        starts_at: Set(account.starts_at.millis()),
        used: Set(used),
        granted: Set(granted),
        ends_at: Set(account.ends_at.millis()),
    }
}

/// A node may bring back late what it had leased.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
