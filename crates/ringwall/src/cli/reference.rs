//! Arguments of `ringwall reference`, which the documentation is made with.

use std::path::PathBuf;

use clap::Args;

/// Where to write the reference pages.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Directory to write them to
    #[arg(long, value_name = "DIR")]
    pub(crate) write: PathBuf,
}
