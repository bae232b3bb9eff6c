//! Arguments of `ringwall import` and `ringwall export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which server, and as whom.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Scheme and authority of the server, such as `https://localhost:8443`
    #[arg(long, value_name = "URL", env = "RINGWALL_URL")]
    pub(crate) url: String,
    /// Client id of the partner
    #[arg(long, value_name = "ID", env = "RINGWALL_CLIENT_ID")]
    pub(crate) client_id: String,
    /// File with the partner's secret; else the variable `RINGWALL_CLIENT_SECRET` has it
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Certificate authority that alone is trusted, in PEM form [default: those of this machine]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// How candidates are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// A JSON document a line
    Ndjson,
    /// A table with a header
    Csv,
}

/// What to import.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportArgs {
    /// The file with the candidates
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Which server, and as whom.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// How the file is written [default: by its name]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// Go on with an import that was interrupted
    #[arg(long, value_name = "IMPORT")]
    pub(crate) resume: Option<String>,
    /// No progress on standard error
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// What to export.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_HELP)]
pub(crate) struct ExportArgs {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Which server, and as whom.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// How the file is written [default: by its name]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// With names and contact data; needs the scope `read:candidates.pii`
    #[arg(long)]
    pub(crate) with_personal: bool,
    /// No progress on standard error
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl FormatName {
    /// As the API writes it.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// The media type of a part.
    #[must_use]
    pub(crate) const fn media(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// The format that a file's name tells.
    #[must_use]
    pub(crate) fn of(told: Option<Self>, file: &std::path::Path) -> Self {
        let is_table = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        told.unwrap_or(if is_table { Self::Csv } else { Self::Ndjson })
    }
}

const IMPORT_HELP: &str = "\
Each line is a candidate as `POST /v1/candidates` takes it, with an `external_ref`; a candidate of
that reference is changed to what the line says. The same file twice is the same as once. When the
command fails, it tells how to go on. Lines of which nothing became are listed on standard output.

Examples:
  ringwall import people.ndjson --url https://localhost:8443 --client-id pc_x --secret-file secret
  ringwall import people.csv --url https://localhost:8443 --client-id pc_x --ca ca.pem

Exit codes:
  0  every line was carried out
  1  it failed, or some lines did
  2  the command line is wrong";

const EXPORT_HELP: &str = "\
In a table, a cell that a spreadsheet would take for a formula stands behind an apostrophe.

Examples:
  ringwall export people.ndjson --url https://localhost:8443 --client-id pc_x --secret-file secret
  ringwall export people.csv --with-personal --url https://localhost:8443 --client-id pc_x

Exit codes:
  0  the file is written
  1  it failed
  2  the command line is wrong";
