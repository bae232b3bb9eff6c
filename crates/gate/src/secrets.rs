//! When each client secret was last used: so that who replaces one sees when nobody needs the old
//! one any more.

use std::sync::Arc;

use kernel::{TenantId, Timestamp};
use store::{Store, StoreError, partners};

use crate::uses::Uses;

/// Notes uses, and writes them down now and then.
pub struct SecretUses {
    store: Arc<Store>,
    uses: Uses<String, TenantId>,
}

impl SecretUses {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, uses: Uses::default() }
    }

    /// Notes that a secret of this id proved a client of this tenant.
    pub fn note(&self, tenant: TenantId, id: &str, now: Timestamp) {
        self.uses.note(id, now, || tenant);
    }

    /// Writes down which secrets were used since the last time.
    ///
    /// # Errors
    /// When the database fails; what was not written is written the next time.
    pub async fn write_uses(&self, now: Timestamp) -> Result<(), StoreError> {
        for (id, tenant, at) in self.uses.unwritten() {
            partners::secret_used(&self.store, tenant, &id, at).await?;
            self.uses.written(&id, at);
        }
        self.uses.forget(now);
        Ok(())
    }
}
