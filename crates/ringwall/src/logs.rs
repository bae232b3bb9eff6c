//! Diagnostics on standard error. The access log has its own writer.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::sections::{LogFormat, Telemetry};

/// Says which diagnostics are printed, while they are.
pub(crate) struct Filter(Box<dyn Fn(EnvFilter) -> bool + Send + Sync>);

/// Starts printing diagnostics. SQL statements are never printed: their parameters are people's.
pub(crate) fn start(telemetry: &Telemetry) -> Filter {
    let is_screen = std::io::stderr().is_terminal();
    let printer =
        fmt().with_env_filter(filter(telemetry)).with_writer(std::io::stderr).with_ansi(is_screen);
    // A second start in one process keeps the first: only tests do that.
    match telemetry.log_format {
        LogFormat::Text => {
            let printer = printer.with_filter_reloading();
            let handle = printer.reload_handle();
            let _first = printer.try_init();
            Filter(Box::new(move |filter| handle.reload(filter).is_ok()))
        }
        LogFormat::Json => {
            let printer = printer.json().with_filter_reloading();
            let handle = printer.reload_handle();
            let _first = printer.try_init();
            Filter(Box::new(move |filter| handle.reload(filter).is_ok()))
        }
    }
}

impl Filter {
    /// Prints these diagnostics from now on.
    pub(crate) fn set(&self, telemetry: &Telemetry) {
        if !(self.0)(filter(telemetry)) {
            tracing::warn!("the diagnostics stay as they are: nobody prints them any more");
        }
    }
}

fn filter(telemetry: &Telemetry) -> EnvFilter {
    EnvFilter::new(format!("{},{QUIET}", telemetry.log.as_str()))
}

const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn";
