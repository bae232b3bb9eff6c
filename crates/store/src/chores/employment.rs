//! Moves employments on whose day has come.

use std::time::Duration;

use super::Progress;
use crate::{StoreError, TenantTx, employments};

/// Moves on all that is due, part by part.
pub(super) async fn step(mut tx: TenantTx) -> Result<Progress, StoreError> {
    let mut last = employments::keep_time(&mut tx, None).await?;
    while last.is_some() {
        last = employments::keep_time(&mut tx, last).await?;
    }
    let next = tx.real_now().plus(EVERY);
    tx.commit(None).await?;
    Ok(Progress::Until(next))
}

const EVERY: Duration = Duration::from_secs(10 * 60);
