//! When each client secret was last used, to the minute: so that who replaces one sees when nobody
//! needs the old one any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use kernel::{TenantId, Timestamp};
use store::{Store, StoreError, partners};

/// Notes uses, and writes them down now and then.
pub struct SecretUses {
    store: Arc<Store>,
    uses: Mutex<HashMap<String, Use>>,
}

#[derive(Clone, Copy)]
struct Use {
    tenant: TenantId,
    at: Timestamp,
    is_written: bool,
}

impl SecretUses {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, uses: Mutex::default() }
    }

    /// Notes that a secret of this id proved a client of this tenant.
    pub fn note(&self, tenant: TenantId, id: &str, now: Timestamp) {
        let at = to_the_minute(now);
        let Ok(mut uses) = self.uses.lock() else { return };
        let is_noted = uses.get(id).is_some_and(|noted| noted.at >= at);
        if !is_noted && uses.len() < USES_MAX {
            uses.insert(id.to_owned(), Use { tenant, at, is_written: false });
        }
    }

    /// Writes down which secrets were used since the last time.
    ///
    /// # Errors
    /// When the database fails; what was not written is written the next time.
    pub async fn write_uses(&self, now: Timestamp) -> Result<(), StoreError> {
        for (id, noted) in self.unwritten() {
            partners::secret_used(&self.store, noted.tenant, &id, noted.at).await?;
            if let Ok(mut uses) = self.uses.lock()
                && let Some(kept) = uses.get_mut(&id).filter(|kept| kept.at == noted.at)
            {
                kept.is_written = true;
            }
        }
        let minute = to_the_minute(now);
        if let Ok(mut uses) = self.uses.lock() {
            uses.retain(|_, noted| !noted.is_written || noted.at >= minute);
        }
        Ok(())
    }

    fn unwritten(&self) -> Vec<(String, Use)> {
        let Ok(uses) = self.uses.lock() else { return Vec::new() };
        let unwritten = uses.iter().filter(|(_, noted)| !noted.is_written);
        unwritten.map(|(id, noted)| (id.clone(), *noted)).collect()
    }
}

fn to_the_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(60_000))
}

const USES_MAX: usize = 10_000;
