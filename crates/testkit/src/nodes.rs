//! Several nodes on one database, each with connections and a clock of its own.

use std::sync::Arc;

use gate::limits::Counters;
use kernel::Clock;
use store::Store;
use tempfile::TempDir;
use vault::Keyring;

use crate::database::{Database, Own};

/// A database that nodes share, gone with this.
pub struct Nodes {
    own: Own,
    keyring: Arc<Keyring>,
    _directory: TempDir,
}

/// One of them.
pub struct Node {
    /// Counts on this node, and quotas in the database.
    pub counters: Counters,
    /// Its connections.
    pub store: Arc<Store>,
}

impl Nodes {
    /// None yet, on an empty database.
    ///
    /// # Panics
    /// When there is no room for one.
    pub async fn on(database: Database) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let own = Own::make(database, directory.path()).await;
        Self { own, keyring: Arc::new(Keyring::generate()), _directory: directory }
    }

    /// Another one.
    ///
    /// # Panics
    /// When the database does not open.
    pub async fn join(&self, clock: Arc<dyn Clock>) -> Node {
        let store = Store::open(&self.own.config(), Arc::clone(&self.keyring), clock).await;
        let store = Arc::new(store.expect("the database opens"));
        Node { counters: crate::limits::counters(&store), store }
    }
}

impl Node {
    /// Leaves in order: what it holds of quotas goes back.
    ///
    /// # Panics
    /// When its connections do not close.
    pub async fn drain(self) {
        self.counters.close().await;
        self.kill().await;
    }

    /// Leaves at once, and gives nothing back.
    ///
    /// # Panics
    /// When its connections do not close.
    pub async fn kill(self) {
        self.store.close().await.expect("the connections close");
    }
}
