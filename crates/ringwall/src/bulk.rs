//! `ringwall import` and `ringwall export`: candidates by the thousand, through a running server.

mod client;
pub(crate) mod export;
pub(crate) mod import;
mod progress;

use std::time::Duration;

use tokio::time::{Instant, interval_at};

use crate::cli::exit::Failure;

/// Runs a command's work to its end.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::because(&error))?.block_on(work)
}

/// Between two looks at how far the server has come.
async fn pause() {
    interval_at(Instant::now() + LOOK, LOOK).tick().await;
}

const LOOK: Duration = Duration::from_millis(250);
