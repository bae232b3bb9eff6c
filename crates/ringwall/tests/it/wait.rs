//! Waiting for another process, with an end.

use std::time::Duration;

use tokio::time::{Instant, interval};

/// Asks `probe` again and again until it answers `Some`.
pub(crate) async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(WAIT_MAX, what, probe).await
}

/// The same for what has more to do than most.
pub(crate) async fn long<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(WAIT_MAX * 10, what, probe).await
}

async fn within<T>(most: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + most;
    let mut ticks = interval(LOOK_AGAIN_AFTER);
    loop {
        ticks.tick().await;
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come within {most:?}");
    }
}

const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(2);
