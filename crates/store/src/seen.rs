//! Ids of signed messages that count once: client assertions, DPoP proofs at the token endpoint.

use kernel::Timestamp;
use oauth::JtiClaim;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::entities::seen_jti;
use crate::{Store, StoreError};

/// Whether the id is seen for the first time, by whichever node. One statement, so that of two at
/// once one wins. An id whose time is over is remembered until it is pruned, which is no harm: the
/// message is too old by then.
///
/// # Errors
/// When the database fails; then the message must not be believed.
pub async fn claim(store: &Store, claim: &JtiClaim) -> Result<bool, StoreError> {
    let row =
        seen_jti::ActiveModel { hash: Set(claim.hash.to_vec()), until: Set(claim.until.millis()) };
    let once = OnConflict::new().do_nothing().to_owned();
    let written = seen_jti::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(&store.db().write)
        .await?;
    Ok(written == 1)
}

/// Forgets ids whose messages are too old to be taken.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let done = seen_jti::Entity::delete_many()
        .filter(seen_jti::Column::Until.lt(now.millis()))
        .exec(&store.db().write)
        .await?;
    Ok(done.rows_affected)
}
