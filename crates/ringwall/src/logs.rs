//! Diagnostics on standard error. The access log has its own writer.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::sections::{LogFormat, Telemetry};

/// Starts printing diagnostics. SQL statements are never printed: their parameters are people's.
pub(crate) fn start(telemetry: &Telemetry) {
    let filter = EnvFilter::new(format!("{},{QUIET}", telemetry.log.as_str()));
    let is_screen = std::io::stderr().is_terminal();
    let printer = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_screen);
    // A second start in one process keeps the first: only tests do that.
    let _first = match telemetry.log_format {
        LogFormat::Text => printer.try_init(),
        LogFormat::Json => printer.json().try_init(),
    };
}

const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn";
