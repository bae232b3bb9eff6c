//! Clients that we did not write, against the running binary: they hold us to the standards.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use clap::{Args, ValueEnum};

use crate::{
    error::{ChoreError, Outcome},
    install, run, scan,
    server::Server,
    venv::Venv,
    workspace::Workspace,
};

mod acme;
mod authority;
mod browser;
mod node;
mod python;
mod schemathesis;
mod single_sign_on;
mod sqlmap;

use authority::Authority;

/// Which clients, against what.
#[derive(Args)]
pub(crate) struct Options {
    /// Which clients; without any: all
    #[arg(value_enum)]
    suites: Vec<Suite>,
    /// A binary that is built already; without: the release build, which is what people run
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Options {
    /// All clients, against the release build.
    pub(crate) fn everything() -> Self {
        Self { suites: Vec::new(), binary: None }
    }

    fn wants(&self, suite: Suite) -> bool {
        self.suites.is_empty() || self.suites.contains(&suite)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// `openid-client` and `oauth4webapi`
    Node,
    /// People's pages in Chromium
    Browser,
    /// `oidc-provider` as the identity provider of people
    SingleSignOn,
    /// `authlib`, and passkeys by `soft-webauthn`
    Python,
    /// Every operation of the OpenAPI document, as a partner and as a stranger
    Schemathesis,
    /// `sqlmap` against an open endpoint behind the firewall's proxy
    Sqlmap,
    /// `pebble` as the public authority that issues the certificate
    Acme,
    /// `sslyze`: TLS by Mozilla's guidelines
    Sslyze,
}

/// Folders and the server's first words, for the suites.
pub(crate) struct Stage {
    /// `tests/interop`.
    scripts: PathBuf,
    /// Below the target folder; suites leave their reports here.
    pub(crate) reports: PathBuf,
    ready: PathBuf,
    /// The operator's commands, and whose data they are about.
    binary: PathBuf,
    data: PathBuf,
    pub(crate) url: String,
    pub(crate) ca_file: String,
}

impl Stage {
    pub(crate) fn of(workspace: &Workspace, server: &Server, binary: PathBuf) -> Outcome<Self> {
        let ready = server.ready().to_owned();
        let text = std::fs::read_to_string(&ready).map_err(ChoreError::path(&ready))?;
        let member = |name: &str| {
            serde_json::from_str::<serde_json::Value>(&text)
                .ok()
                .and_then(|value| value.get(name)?.as_str().map(str::to_owned))
                .ok_or_else(|| ChoreError::told(format!("the ready file has no `{name}`")))
        };
        Ok(Self {
            scripts: scripts(workspace),
            reports: workspace.target_folder("interop")?,
            url: member("url")?,
            ca_file: member("ca_file")?,
            data: ready.with_file_name("data"),
            binary,
            ready,
        })
    }

    /// Tells a client where the server is and whom to trust.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("RINGWALL_READY", &self.ready)
            .env("RINGWALL_BINARY", &self.binary)
            .env("RINGWALL_DATA", &self.data)
            .env("RINGWALL_URL", &self.url)
            .env("RINGWALL_CA", &self.ca_file)
    }
}

/// Builds, starts, asks each client, and holds the server to a clean end.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let tools = Tools::prepare(workspace, options)?;
    let binary = match &options.binary {
        // Clients run in folders of their own.
        Some(binary) => binary.canonicalize().map_err(ChoreError::path(binary))?,
        // What people run, and clients wait less for its answers than for a debug build's.
        None => run::release(workspace)?,
    };
    let mut told = of_one_server(workspace, options, &tools, &binary)?;
    if let Some(node) = tools.node.as_ref().filter(|_| options.wants(Suite::SingleSignOn)) {
        told.push(Told::of("single sign-on", single_sign_on::run(workspace, node, &binary)));
    }
    if options.wants(Suite::Sqlmap) {
        told.extend(sqlmap::run(workspace, &binary));
    }
    if options.wants(Suite::Acme) {
        told.push(Told::of("acme", acme::run(workspace, &binary)));
    }
    if let Some(venv) = &tools.sslyze {
        told.extend(scan::sslyze::run(workspace, venv, &binary));
    }
    close("interop", &told)
}

/// What the wanted suites run on.
struct Tools {
    node: Option<node::Node>,
    venv: Option<Venv>,
    sslyze: Option<Venv>,
}

impl Tools {
    fn prepare(workspace: &Workspace, options: &Options) -> Outcome<Self> {
        let prepare_node =
            || install::ensure(&[install::NODE]).and_then(|()| node::prepare(workspace));
        let prepare_venv =
            || install::ensure(&[install::PYTHON]).and_then(|()| python::prepare(workspace));
        let needs = |suites: &[Suite]| suites.iter().any(|suite| options.wants(*suite));
        let needs_node = needs(&[Suite::Node, Suite::Browser, Suite::SingleSignOn]);
        let needs_venv = needs(&[Suite::Python, Suite::Schemathesis]);
        let needs_sslyze = options.wants(Suite::Sslyze);
        let tools = Self {
            node: needs_node.then(prepare_node).transpose()?,
            venv: needs_venv.then(prepare_venv).transpose()?,
            sslyze: needs_sslyze.then(|| scan::sslyze::prepare(workspace)).transpose()?,
        };
        if options.wants(Suite::Sqlmap) {
            sqlmap::prepare()?;
        }
        if options.wants(Suite::Acme) {
            acme::prepare()?;
        }
        if options.wants(Suite::Browser) {
            install::ensure(&[install::CHROMIUM])?;
        }
        install::ensure(&[install::OPENSSL, install::RULES])?;
        Ok(tools)
    }
}

/// The suites that share a server.
fn of_one_server(
    workspace: &Workspace,
    options: &Options,
    tools: &Tools,
    binary: &Path,
) -> Outcome<Vec<Told>> {
    let folder = workspace.target_folder("interop")?;
    let authority = Authority::make(&folder)?;
    let mut serve = serve(binary);
    authority.vouch(&mut serve);
    let server = Server::start(serve, &folder.join("demo"))?;
    let stage = Stage::of(workspace, &server, binary.to_owned())?;
    let mut told = Vec::new();
    if let Some(node) = tools.node.as_ref().filter(|_| options.wants(Suite::Node)) {
        told.push(Told::of("node", node.run(&stage, &authority)));
    }
    if let Some(node) = tools.node.as_ref().filter(|_| options.wants(Suite::Browser)) {
        told.push(Told::of("browser", browser::run(node, &stage)));
    }
    if let Some(venv) = &tools.venv {
        if options.wants(Suite::Python) {
            told.push(Told::of("python", python::run(venv, &stage)));
        }
        if options.wants(Suite::Schemathesis) {
            told.extend(schemathesis::run(&stage, venv));
        }
    }
    told.push(Told::of("the server's clean end", server.stop()));
    Ok(told)
}

/// Behind our rules and the packaged ones: what others' clients send is ordinary traffic, and no
/// rule shall refuse it.
pub(crate) fn serve(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env("RINGWALL__FIREWALL__RULES", format!("{:?}", install::RULE_FILES));
    command.env("RINGWALL__TLS__CLIENT_CERTIFICATES", "handshake");
    command.envs(UNHURRIED);
    command
}

pub(crate) fn scripts(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/interop")
}

/// What one suite said.
pub(crate) struct Told {
    suite: &'static str,
    outcome: Outcome,
}

impl Told {
    pub(crate) fn of(suite: &'static str, outcome: Outcome) -> Self {
        Self { suite, outcome }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(()) => write!(f, "  ok      {}", self.suite),
            Err(error) => write!(f, "  FAILED  {}: {error}", self.suite),
        }
    }
}

/// Says how each suite fared; one that failed fails the chore.
pub(crate) fn close(chore: &str, told: &[Told]) -> Outcome {
    println!();
    for suite in told {
        println!("{suite}");
    }
    let failed = told.iter().filter(|told| told.outcome.is_err()).count();
    println!("{chore}: {} passed, {failed} failed", told.len() - failed);
    match failed {
        0 => Ok(()),
        _ => Err(ChoreError::told("programs of others found faults; see target/interop")),
    }
}

/// Suites ask thousands of times from one address, and are refused as often; limits and bans have
/// tests of their own.
const UNHURRIED: [(&str, &str); 7] = [
    // The clients take the processors themselves.
    ("RINGWALL__GATE__QUEUE_DELAY_TARGET_MS", "0"),
    ("RINGWALL__BANS__MODE", "off"),
    ("RINGWALL__LIMITS__EXEMPT", r#"["127.0.0.0/8", "::1"]"#),
    ("RINGWALL__LIMITS__CLIENT_PER_SECOND", "1000000"),
    ("RINGWALL__LIMITS__CLIENT_BURST", "1000000000"),
    ("RINGWALL__LIMITS__TENANT_PER_SECOND", "1000000"),
    ("RINGWALL__LIMITS__TENANT_BURST", "1000000000"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_suite_fails_the_chore() {
        let bad = Told::of("b", Err(ChoreError::told("no")));

        assert!(close("x", &[Told::of("a", Ok(())), bad]).is_err());
        assert!(close("x", &[Told::of("a", Ok(()))]).is_ok());
    }
}
