//! `pebble` of Debian as the public authority: it asks for our names, issues, and is gone.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::single_sign_on::certificate;
use crate::{
    background::Background,
    error::{ChoreError, Outcome},
    install, run,
    server::Server,
    wait,
    workspace::Workspace,
};

const PEBBLE: install::Need = install::Need {
    name: "pebble and openssl",
    packages: &["pebble", "openssl"],
    is_met: || {
        ["pebble", "pebble-challtestsrv", "openssl"].into_iter().all(|it| run::find(it).is_some())
    },
};
const WITHIN: Duration = Duration::from_secs(30);
const NAMES: [&str; 2] = ["api.example.test", "www.example.test"];
/// What the authority calls itself in certificates.
const PUBLIC: &str = "Pebble Intermediate CA";
const LOCAL: &str = "Ringwall local CA";

pub(super) fn prepare() -> Outcome {
    install::ensure(&[PEBBLE])
}

/// A certificate is issued, kept sealed, and shown again while the authority is away.
pub(super) fn run(workspace: &Workspace, binary: &Path) -> Outcome {
    let folder = workspace.target_folder("interop")?.join("acme");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(ChoreError::path(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(ChoreError::path(&folder))?;
    let (own, key) = certificate(&folder)?;
    let place = Place { folder, own, ours: free()?, directory: free()? };
    let names = free()?;
    let resolver = place.start(
        Command::new("pebble-challtestsrv")
            .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""])
            .args(["-dns01", &here(names), "-management", &here(free()?)]),
    )?;
    let config = place.config(&key)?;
    let mut pebble = Command::new("pebble");
    pebble.arg("-config").arg(config).args(["-dnsserver", &here(names)]);
    pebble.args(["-strict", "true"]).env("PEBBLE_VA_NOSLEEP", "1");
    let pebble = place.start(&mut pebble)?;
    wait::until(WITHIN, "pebble", || Ok(TcpStream::connect(here(place.directory)).ok()))?;

    let issued = place.is_issued(binary);
    drop((pebble, resolver));
    issued.and_then(|()| place.is_kept(binary)).and_then(|()| place.is_no_condition(binary))
}

/// Where everything is.
struct Place {
    folder: PathBuf,
    /// Of the authority's own TLS.
    own: PathBuf,
    ours: u16,
    directory: u16,
}

impl Place {
    /// The authority issues while we serve.
    fn is_issued(&self, binary: &Path) -> Outcome {
        let server = Server::resume(self.serve(binary), &self.demo(), &here(self.ours))?;
        let shown = wait::until(WITHIN, "the public certificate", || {
            self.shown(NAMES[0]).map(|shown| shown.contains(PUBLIC).then_some(shown))
        });
        let told = shown.and_then(|shown| {
            let lacks = NAMES.into_iter().find(|name| !shown.contains(name));
            lacks.map_or(Ok(()), |name| Err(ChoreError::told(format!("it lacks {name}"))))
        });
        told.and(server.stop()).and_then(|()| self.is_sealed())
    }

    /// What is kept says neither names nor keys.
    fn is_sealed(&self) -> Outcome {
        for file in ["acme.sealed", "acme-account.sealed"] {
            let path = self.demo().join("data/tls").join(file);
            let kept = fs::read(&path).map_err(ChoreError::path(&path))?;
            let text = String::from_utf8_lossy(&kept);
            if text.contains("BEGIN") || text.contains("example.test") {
                return Err(ChoreError::told(format!("`{file}` is not sealed")));
            }
        }
        Ok(())
    }

    /// With the authority away, what it issued is shown from the first connection on.
    fn is_kept(&self, binary: &Path) -> Outcome {
        self.shows(binary, PUBLIC)
    }

    /// Without what it issued, the local certificate is shown: nothing waits for the authority.
    fn is_no_condition(&self, binary: &Path) -> Outcome {
        let path = self.demo().join("data/tls/acme.sealed");
        fs::remove_file(&path).map_err(ChoreError::path(&path))?;
        self.shows(binary, LOCAL)
    }

    fn shows(&self, binary: &Path, issuer: &str) -> Outcome {
        let server = Server::resume(self.serve(binary), &self.demo(), &here(self.ours))?;
        let shown = self.shown(NAMES[0]);
        let told = shown.and_then(|shown| match shown.contains(issuer) {
            true => Ok(()),
            false => Err(ChoreError::told(format!("expected `{issuer}`, found {shown}"))),
        });
        told.and(server.stop())
    }

    fn demo(&self) -> PathBuf {
        self.folder.join("demo")
    }

    fn serve(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command
            .env("RINGWALL__ACME__DOMAINS", format!("{NAMES:?}"))
            .env("RINGWALL__ACME__CONTACT", "ops@example.test")
            .env(
                "RINGWALL__ACME__DIRECTORY_URL",
                format!("https://localhost:{}/dir", self.directory),
            )
            .env("RINGWALL__ACME__TERMS_ACCEPTED", "true")
            .env("RINGWALL__ACME__CA_FILE", &self.own);
        command
    }

    /// The certificate that is shown to whoever asks for this name, as `openssl` reads it.
    fn shown(&self, name: &str) -> Outcome<String> {
        let mut ask = Command::new("openssl");
        ask.args(["s_client", "-connect", &here(self.ours), "-servername", name]);
        let said = run::said_quietly(&mut ask)?;
        let pem = self.folder.join("shown.pem");
        fs::write(&pem, said).map_err(ChoreError::path(&pem))?;
        let mut read = Command::new("openssl");
        read.args(["x509", "-noout", "-issuer", "-ext", "subjectAltName", "-in"]).arg(&pem);
        run::output(&mut read)
    }

    fn config(&self, key: &Path) -> Outcome<PathBuf> {
        let path = self.folder.join("pebble.json");
        let config = serde_json::json!({ "pebble": {
            "listenAddress": here(self.directory),
            "managementListenAddress": "",
            "certificate": self.own,
            "privateKey": key,
            "httpPort": 1,
            "tlsPort": self.ours,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        fs::write(&path, config.to_string()).map_err(ChoreError::path(&path))?;
        Ok(path)
    }

    fn start(&self, command: &mut Command) -> Outcome<Background> {
        let program = command.get_program().to_string_lossy().into_owned();
        Background::start(command, &self.folder.join(format!("{program}.log")))
    }
}

fn here(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// A port that nobody has at the moment.
fn free() -> Outcome<u16> {
    let listener = TcpListener::bind(here(0)).and_then(|listener| listener.local_addr());
    let failed = |error| ChoreError::told(format!("no port is free: {error}"));
    listener.map(|address| address.port()).map_err(failed)
}
