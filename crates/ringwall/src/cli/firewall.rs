//! Arguments of `ringwall firewall`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with firewall rules.
#[derive(Debug, Subcommand)]
pub(crate) enum FirewallCommand {
    /// Guard an HTTP server: the firewall alone, without the API
    #[command(after_help = PROXY_HELP)]
    Proxy(ProxyArgs),
    /// Compile rules and say what is wrong or doubtful about them
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Say what each rule made of one request
    #[command(after_help = EXPLAIN_HELP)]
    Explain(ExplainArgs),
    /// Time rules on recorded requests
    #[command(after_help = BENCH_HELP)]
    Bench(BenchArgs),
    /// Run recorded requests through two rule sets and show the difference
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayArgs),
}

/// Which rules.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// Rule files in SecLang, or directories of them, in their order [default: ringwall's own]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) rules: Vec<PathBuf>,
    /// Put ringwall's own rules in front of `--rules`
    #[arg(long)]
    pub(crate) baseline: bool,
}

/// How to guard a server.
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// Which rules.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// The server to guard, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: String,
    /// Refuse nothing: only log what matched
    #[arg(long)]
    pub(crate) log_only: bool,
    /// Append one JSON line a request to this file. It holds what callers sent
    #[arg(long, value_name = "FILE")]
    pub(crate) match_log: Option<PathBuf>,
    /// Certificate chain in PEM: listen with TLS
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Most bytes of a request's body; it is held in memory until it is judged
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    pub(crate) body_bytes_max: usize,
}

/// Which rules to check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Rule files in SecLang, or directories of them, in their order
    #[arg(value_name = "PATH", required = true)]
    pub(crate) rules: Vec<PathBuf>,
}

/// Which request to explain.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Which rules.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// OpenAPI document whose restrictions the rules may rely on
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,
    /// Also name the rules that looked and found nothing
    #[arg(long)]
    pub(crate) all: bool,
    /// Show what matched as it was sent; without it letters become `a` and digits `0`
    #[arg(long)]
    pub(crate) show_values: bool,
    /// A raw request, or a HAR file; standard input without it
    #[arg(value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
}

/// What to time.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Which rules.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// OpenAPI document whose restrictions the rules may rely on
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,
    /// How often each request is run
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(crate) rounds: usize,
    /// How many of the costliest rules are shown
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) top: usize,
    /// Raw requests (`###` between them) or a HAR file
    #[arg(value_name = "FILE")]
    pub(crate) requests: PathBuf,
}

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The rules from now on.
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// The rules so far: files or directories [default: ringwall's own]
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) before: Vec<PathBuf>,
    /// OpenAPI document whose restrictions the rules may rely on
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Option<PathBuf>,
    /// Fail when the rules from now on refuse any request
    #[arg(long, conflicts_with = "expect_refusals")]
    pub(crate) expect_passes: bool,
    /// Fail when the rules from now on let any request pass
    #[arg(long)]
    pub(crate) expect_refusals: bool,
    /// Raw requests (`###` between them) or a HAR file
    #[arg(value_name = "FILE")]
    pub(crate) requests: PathBuf,
}

const PROXY_HELP: &str = "\
Requests are read strictly: what two servers could understand differently is inspected, logged and
refused with 400. HTTP/1.1, plain or with TLS; the upstream speaks plain HTTP/1.1.

Examples:
  The Core Rule Set in front of a local server:
    ringwall firewall proxy --rules crs --listen [::1]:8080 --upstream http://localhost:3000
  Ringwall's own rules; watch first, refuse later:
    ringwall firewall proxy --listen [::1]:8080 --upstream http://localhost:3000 --log-only

Exit codes:
  0  stopped when asked to
  1  could not start, or the rules do not compile";

const CHECK_HELP: &str = "\
Examples:
  ringwall firewall check ./coreruleset
  ringwall firewall check rules/before.conf rules/after.conf

Exit codes:
  0  the rules compile; what is doubtful is listed
  1  they do not; every error is listed with its place";

const EXPLAIN_HELP: &str = "\
Examples:
  ringwall firewall explain request.http
  ringwall firewall explain --rules ./coreruleset --all request.http

Exit codes:
  0  explained, whatever the verdict
  1  no request, or rules that do not compile";

const BENCH_HELP: &str = "\
The time of a rule is what it costs alone: rules share transformed values, so all together cost
less.

Examples:
  ringwall firewall bench requests.http
  ringwall firewall bench --rules ./coreruleset --contract openapi.json requests.har

Exit codes:
  0  timed
  1  no requests, or rules that do not compile";

const REPLAY_HELP: &str = "\
Examples:
  What would a new version of the rules refuse?
    ringwall firewall replay traffic.har --before ./coreruleset-4.27 --rules ./coreruleset-4.28
  Hold a corpus of ordinary requests:
    ringwall firewall replay --rules ./coreruleset --baseline --expect-passes ordinary.http

Exit codes:
  0  replayed
  1  an expectation did not hold, no requests, or rules that do not compile";
