//! An emulator of DynamoDB for the tests: loopback only, nothing on disk, gone at the end.

use std::{
    env,
    net::{TcpStream, ToSocketAddrs as _},
    path::Path,
    time::Duration,
};

use super::{authority, free_port};
use crate::{
    background::Background,
    error::{ChoreError, Outcome},
    venv::Venv,
    wait,
    workspace::Workspace,
};

/// Where the tests look for the URL.
pub(crate) const VARIABLE: &str = "RINGWALL_TEST_DYNAMODB";
const START_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// An emulator that answers.
pub(crate) struct Dynamodb {
    url: String,
    /// Stops the emulator when it is dropped.
    _own: Option<Background>,
}

impl Dynamodb {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The emulator that the environment names.
pub(crate) fn running() -> Outcome<Option<Dynamodb>> {
    let Ok(url) = env::var(VARIABLE) else { return Ok(None) };
    if answers(&url) {
        return Ok(Some(Dynamodb { url, _own: None }));
    }
    Err(ChoreError::told(format!("no emulator answers where `{VARIABLE}` points")))
}

/// Starts one on a free port.
pub(crate) fn start(workspace: &Workspace, folder: &Path) -> Outcome<Dynamodb> {
    let pins = workspace.root().join("tests/interop/dynamodb/requirements.txt");
    let venv = Venv::prepare(workspace, "dynamodb", &[pins])?;
    let port = free_port()?.to_string();
    let log_path = folder.join("dynamodb.log");
    let mut server = venv.program("moto_server");
    server.args(["-H", "127.0.0.1", "-p", &port]).current_dir(folder);
    let mut own = Background::start(&mut server, &log_path)?;
    let url = format!("http://127.0.0.1:{port}");
    wait::until(START_WITHIN, "the first answer of DynamoDB", || match own.has_ended()? {
        false => Ok(answers(&url).then_some(())),
        true => Err(ChoreError::told(format!("moto_server stopped: see `{}`", log_path.display()))),
    })?;
    Ok(Dynamodb { url, _own: Some(own) })
}

fn answers(url: &str) -> bool {
    let addresses = authority(url, 80).and_then(|authority| authority.to_socket_addrs().ok());
    let address = addresses.and_then(|mut addresses| addresses.next());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, ANSWER_WITHIN).is_ok())
}
