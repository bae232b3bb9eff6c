//! Work that takes a processor: passwords. Off the asynchronous threads, a few at a time.

use kernel::Problem;
use kernel::problem::INTERNAL;

use super::SignIn;
use crate::reply::Refused;

impl SignIn {
    /// Does work on a thread of its own, once there is a place for it.
    ///
    /// # Errors
    /// When the work panics.
    pub(super) async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let place = std::sync::Arc::clone(&self.hashing).acquire_owned().await;
        let place = place.map_err(Problem::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        Ok(done.await.map_err(|error| Problem::new(&INTERNAL).because(error))?)
    }
}
