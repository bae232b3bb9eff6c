//! When credentials were last used, to the minute, until it is written down.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use kernel::Timestamp;

/// Uses by the id of what was used, each with what is written besides. Of bounded size: beyond it
/// uses are not noted until others were written.
pub(crate) struct Uses<K, W>(Mutex<HashMap<K, Use<W>>>);

struct Use<W> {
    with: W,
    at: Timestamp,
    is_written: bool,
}

impl<K, W> Default for Uses<K, W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, W: Clone> Uses<K, W> {
    /// Notes a use, the first one of each minute.
    pub(crate) fn note<Q>(&self, id: &Q, now: Timestamp, with: impl FnOnce() -> W)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let at = to_the_minute(now);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted = uses.get(id).is_some_and(|noted| noted.at >= at);
        if !is_noted && uses.len() < MOST {
            uses.insert(id.to_owned(), Use { with: with(), at, is_written: false });
        }
    }

    /// What is to be written down.
    pub(crate) fn unwritten(&self) -> Vec<(K, W, Timestamp)> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unwritten = uses.iter().filter(|(_, noted)| !noted.is_written);
        unwritten.map(|(id, noted)| (id.clone(), noted.with.clone(), noted.at)).collect()
    }

    /// Notes that a use was written down; one that came after it was not.
    pub(crate) fn written(&self, id: &K, at: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(noted) = uses.get_mut(id).filter(|noted| noted.at == at) {
            noted.is_written = true;
        }
    }

    /// Forgets what is written and of no use any more: that of minutes that are over.
    pub(crate) fn forget(&self, now: Timestamp) {
        let minute = to_the_minute(now);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|_, noted| !noted.is_written || noted.at >= minute);
    }
}

fn to_the_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(60_000))
}

const MOST: usize = 10_000;
