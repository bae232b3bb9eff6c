//! Token-signing keys, sealed by the keyring.

use oauth::SigningKey;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entities::signing_key;
use crate::{Store, StoreError};

/// The keys that may verify tokens, newest first: the first one signs.
///
/// # Errors
/// When the database fails or a key cannot be opened.
pub async fn list(store: &Store) -> Result<Vec<SigningKey>, StoreError> {
    let rows = signing_key::Entity::find()
        .filter(signing_key::Column::State.eq(ACTIVE))
        .order_by_desc(signing_key::Column::CreatedAt)
        .all(&store.db().read)
        .await?;
    rows.iter()
        .map(|row| {
            let context = [TABLE.as_bytes(), row.kid.as_bytes()];
            let opened = store.keyring().unwrap(&context, &row.sealed)?;
            SigningKey::from_pkcs8(opened.expose()).map_err(|_| StoreError::Inconsistent {
                table: TABLE,
                id: row.kid.clone(),
                what: "not a P-256 key".to_owned(),
            })
        })
        .collect()
}

/// Keeps a new key.
///
/// # Errors
/// When the database fails.
pub async fn add(store: &Store, key: &SigningKey) -> Result<(), StoreError> {
    let context = [TABLE.as_bytes(), key.kid().as_bytes()];
    let row = signing_key::ActiveModel {
        kid: Set(key.kid().to_owned()),
        sealed: Set(store.keyring().wrap(&context, key.pkcs8().expose())),
        state: Set(ACTIVE.to_owned()),
        created_at: Set(store.clock().now().millis()),
    };
    signing_key::Entity::insert(row).exec_without_returning(&store.db().write).await?;
    Ok(())
}

const TABLE: &str = "signing_key";
const ACTIVE: &str = "active";
