//! `oidc-provider` of npm as the identity provider of people, and as an issuer of access tokens: it
//! vouches, and the binary judges.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Stage, node::Node, sqlmap::Listener};
use crate::{
    error::{ChoreError, Outcome},
    run,
    server::Server,
    workspace::Workspace,
};

const TEST: &str = "single_sign_on.test.mjs";
const ISSUERS_TEST: &str = "trusted_issuers.test.mjs";
const SECRET: &str = "a secret of the interop";

/// Starts the provider, then a server that believes it, and lets people sign in.
pub(super) fn run(workspace: &Workspace, node: &Node, binary: &Path) -> Outcome {
    let folder = workspace.target_folder("interop")?.join("single-sign-on");
    fs::create_dir_all(&folder).map_err(ChoreError::path(&folder))?;
    let (certificate, key) = certificate(&folder)?;
    let mut provider = node.command();
    provider
        .arg("provider.mjs")
        .env("PROVIDER_CERT", &certificate)
        .env("PROVIDER_KEY", &key)
        .env("PROVIDER_SECRET", SECRET);
    let provider = Listener::start(provider, &folder.join("provider.log"), "vouching at ")?;
    let mut serve = super::serve(binary);
    serve
        .env("PROVIDER_SECRET", SECRET)
        .env("RINGWALL__SSO__CA_FILE", &certificate)
        .env("RINGWALL__SSO__PROVIDERS", providers(&provider.address));
    let server = Server::start(serve, &folder.join("demo"))?;
    let stage = Stage::of(workspace, &server, binary.to_owned())?;
    let told = test(node, (&stage, &provider.address), (&folder, &certificate));
    told.and(server.stop())?;
    issuers(node, &stage, (&certificate, &key))
}

fn test(
    node: &Node,
    (stage, provider): (&Stage, &str),
    (folder, certificate): (&Path, &Path),
) -> Outcome {
    // One file for both authorities: node takes no more.
    let authorities = folder.join("authorities.pem");
    let ours = fs::read(&stage.ca_file).map_err(ChoreError::path(Path::new(&stage.ca_file)))?;
    let its = fs::read(certificate).map_err(ChoreError::path(certificate))?;
    fs::write(&authorities, [ours, its].concat()).map_err(ChoreError::path(&authorities))?;
    let mut command = node.test(&[TEST], stage);
    command.env("PROVIDER", provider).env("NODE_EXTRA_CA_CERTS", &authorities);
    run::shown(&mut command)
}

/// The test starts a provider and a server by itself: what the server trusts names an agency that
/// is there before it starts.
fn issuers(node: &Node, stage: &Stage, (certificate, key): (&Path, &Path)) -> Outcome {
    let mut command = node.test(&[ISSUERS_TEST], stage);
    command
        .env("PROVIDER_CERT", certificate)
        .env("PROVIDER_KEY", key)
        .env("NODE_EXTRA_CA_CERTS", certificate);
    run::shown(&mut command)
}

/// A certificate of its own, which is no authority.
pub(super) fn certificate(folder: &Path) -> Outcome<(PathBuf, PathBuf)> {
    let (certificate, key) = (folder.join("provider.pem"), folder.join("provider.key"));
    let mut command = Command::new("openssl");
    command
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    run::shown(&mut command)?;
    Ok((certificate, key))
}

fn providers(address: &str) -> String {
    format!(
        "[{{ name = \"idp\", issuer = \"https://{address}\", client_id = \"ringwall\", \
         client_secret = \"env:PROVIDER_SECRET\", scope = \"openid groups email\", \
         acr_values = \"\", two_factors_acr = [\"2fa\"], \
         groups = [{{ group = \"recruiters\", agency = \"acme\", roles = [\"recruiter\"] }}] }}]"
    )
}
