//! Whose reports of leaked keys are believed: a list of keys in a file that is watched.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::LeakKeys;
use gate::Tasks;
use oauth::leaks::{LIST_BYTES_MAX, ReportKeys};

use crate::cli::exit::Failure;
use crate::config::Config;

/// The keys of the configured file, read again when it changes; nothing where none is configured.
///
/// # Errors
/// When the file cannot be read, or is no list of keys.
pub(crate) fn raise(config: &Config, tasks: &Tasks) -> Result<Option<Arc<LeakKeys>>, Failure> {
    let Some(file) = &config.identity.leak_report_keys_file else { return Ok(None) };
    let text = read(file).map_err(|why| Failure::Failed(format!("`{}`: {why}", file.display())))?;
    let keys = ReportKeys::parse(&text)
        .map_err(|error| Failure::Failed(format!("`{}`: {error}", file.display())))?;
    let keys = Arc::new(LeakKeys::new(keys));
    tracing::info!("reports of leaked keys are taken");
    keep_fresh(Arc::clone(&keys), (file.clone(), text), tasks);
    Ok(Some(keys))
}

/// What cannot be read is told and not taken: the keys before stay.
fn keep_fresh(keys: Arc<LeakKeys>, (file, mut known): (PathBuf, Vec<u8>), tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopping = std::pin::pin!(stopping);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = ticks.tick() => {}
            }
            let path = file.clone();
            let found = tokio::task::spawn_blocking(move || read(&path)).await;
            let Ok(Ok(text)) = found else {
                tracing::error!("kept the keys of leak reports: cannot read the file");
                continue;
            };
            if text == known {
                continue;
            }
            match ReportKeys::parse(&text) {
                Ok(new) => {
                    keys.replace(new);
                    tracing::info!("the keys of leak reports were loaded again");
                }
                Err(cause) => {
                    tracing::error!(%cause, "kept the keys of leak reports: cannot load the new");
                }
            }
            known = text;
        }
    });
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let most = u64::try_from(LIST_BYTES_MAX).unwrap_or(u64::MAX);
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut text)?;
    Ok(text)
}

const EVERY: Duration = Duration::from_secs(10);
