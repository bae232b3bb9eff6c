//! The bank of quotas in the database: what a node has not spent outlives it, and all nodes share.

use std::sync::Arc;

use counters::bank::{Account, Lease, LeaseAsk, QuotaBank, Settlement};
use counters::store::{Reply, StoreError};
use kernel::Timestamp;
use store::Store;
use store::quotas::{self, Block};

/// Quotas as rows.
pub struct DatabaseBank(Arc<Store>);

impl DatabaseBank {
    /// In this database.
    #[must_use]
    pub const fn new(store: Arc<Store>) -> Self {
        Self(store)
    }
}

impl QuotaBank for DatabaseBank {
    fn lease<'a>(&'a self, ask: &'a LeaseAsk) -> Reply<'a, Lease> {
        let LeaseAsk { account, limit, want, owed } = *ask;
        let block = Block { limit, want, part: LeaseAsk::PART, most: LeaseAsk::MOST, owed };
        Box::pin(async move {
            let lease = quotas::lease(&self.0, &row(&account), &block).await.map_err(failed)?;
            let left = u64::from(limit).saturating_sub(lease.used);
            Ok(Lease {
                granted: lease.granted,
                left: u32::try_from(left).unwrap_or(u32::MAX),
                now_ms: u64::try_from(lease.now.millis()).unwrap_or(0),
            })
        })
    }

    fn settle<'a>(&'a self, accounts: &'a [Settlement]) -> Reply<'a, ()> {
        let rows = accounts.iter().map(|one| (row(&one.account), one.unused, one.owed));
        let rows: Vec<_> = rows.collect();
        Box::pin(async move { quotas::settle(&self.0, &rows).await.map_err(failed) })
    }

    fn look<'a>(&'a self, accounts: &'a [Account]) -> Reply<'a, Vec<u64>> {
        Box::pin(async move {
            let mut used = Vec::new();
            for account in accounts {
                used.push(quotas::used(&self.0, &row(account)).await.map_err(failed)?);
            }
            Ok(used)
        })
    }
}

fn row(account: &Account) -> quotas::Account {
    let moment = |ms| Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let Account { key, start_ms, end_ms } = *account;
    quotas::Account { key, starts_at: moment(start_ms), ends_at: moment(end_ms) }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: store::StoreError) -> StoreError {
    StoreError(error.to_string())
}
