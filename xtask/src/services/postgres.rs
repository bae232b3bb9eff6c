//! A PostgreSQL for the tests: trusted on the loopback interface, forgetful, gone at the end.

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{Servant, authority, free_port};
use crate::{
    error::{ChoreError, Outcome},
    run, wait,
};

/// Where the tests look for the URL.
pub(crate) const VARIABLE: &str = "RINGWALL_TEST_POSTGRES";
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
const START_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// What a test server need not do: survive.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// A server that answers.
pub(crate) struct Postgres {
    url: String,
    /// Stops the server when it is dropped.
    _own: Option<Own>,
}

impl Postgres {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The server that the environment names, or one in the usual place.
pub(crate) fn running() -> Outcome<Option<Postgres>> {
    if let Ok(url) = env::var(VARIABLE) {
        if greeting(&url).is_some() {
            return Ok(Some(Postgres { url, _own: None }));
        }
        // The value may hold a password, so it is not shown.
        return Err(ChoreError::told(format!("no PostgreSQL answers where `{VARIABLE}` points")));
    }
    Ok(trusts_us(USUAL).then(|| Postgres { url: USUAL.to_owned(), _own: None }))
}

/// Makes a cluster below `folder` and starts it on a free port.
pub(crate) fn start(folder: &Path) -> Outcome<Postgres> {
    let cluster = Cluster::make(folder)?;
    let port = free_port()?;
    let log = File::create(&cluster.log).map_err(ChoreError::path(&cluster.log))?;
    let mut command = cluster.command("postgres");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.args(["-p", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let line = run::line(&command);
    let server =
        command.spawn().map_err(|source| ChoreError::Unstarted { command: line, source })?;
    let mut own = Own { cluster, server };

    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    wait::until(START_WITHIN, "PostgreSQL's first answer", || {
        if trusts_us(&url) {
            return Ok(Some(()));
        }
        match own.server.try_wait() {
            Ok(None) => Ok(None),
            _ => {
                let log = own.cluster.log.display();
                Err(ChoreError::told(format!("PostgreSQL stopped: see `{log}`")))
            }
        }
    })?;
    Ok(Postgres { url, _own: Some(own) })
}

/// The folder of the newest server's programs.
pub(crate) fn programs() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    installed
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").is_file())
        .max_by_key(|path| version(path))
        .map(|path| path.join("bin"))
        .or_else(|| run::find("initdb")?.parent().map(Path::to_owned))
}

struct Own {
    cluster: Cluster,
    server: Child,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.cluster.stop();
        // A server that did not stop when told is stopped now; one that did is only collected.
        let stopped = self.server.kill().and_then(|()| self.server.wait());
        let cleared = fs::remove_dir_all(&self.cluster.folder);
        if let Err(error) = stopped.and(cleared) {
            eprintln!("PostgreSQL could not be cleared away: {error}");
        }
    }
}

/// A data folder and the programs that serve it.
struct Cluster {
    folder: PathBuf,
    log: PathBuf,
    programs: PathBuf,
    servant: Option<Servant>,
}

impl Cluster {
    fn make(services: &Path) -> Outcome<Self> {
        let programs = programs().ok_or_else(|| ChoreError::told("`initdb` is not installed"))?;
        let servant = Servant::find()?;
        let mut folder = services.join("postgres");
        // A checkout below a private home folder is closed to the servant.
        if servant.is_some_and(|servant| !servant.may_enter(services)) {
            folder = env::temp_dir().join(format!("ringwall-postgres-{}", std::process::id()));
        }
        let log = services.join("postgres.log");
        let cluster = Self { folder, log, programs, servant };
        cluster.clear()?;
        let mut command = cluster.command("initdb");
        command.args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        run::output(command.arg("--no-sync"))?;
        Ok(cluster)
    }

    /// An empty folder that belongs to the servant, whatever an earlier run left there.
    fn clear(&self) -> Outcome {
        if self.folder.exists() {
            self.stop();
            fs::remove_dir_all(&self.folder).map_err(ChoreError::path(&self.folder))?;
        }
        fs::create_dir_all(&self.folder).map_err(ChoreError::path(&self.folder))?;
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))
            .map_err(ChoreError::path(&self.folder))?;
        self.servant.map_or(Ok(()), |servant| servant.own(&self.folder))
    }

    fn stop(&self) {
        // That nothing runs in the folder is no fault.
        let _is_stopped =
            run::succeeds(self.command("pg_ctl").args(["stop", "-m", "immediate", "-w"]));
    }

    /// One of the server's programs, on this folder, as the servant.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(&self.folder).current_dir("/");
        if let Some(servant) = self.servant {
            servant.as_user(&mut command);
        }
        command
    }
}

/// Whether the server lets `postgres` in without asking for anything.
fn trusts_us(url: &str) -> bool {
    greeting(url) == Some(*b"R\0\0\0\x08\0\0\0\0")
}

/// The first nine bytes that the server answers to a start-up message: the kind of message, its
/// length, and for an authentication request its kind.
fn greeting(url: &str) -> Option<[u8; 9]> {
    let address = authority(url, 5432)?.to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    // Protocol 3.0, then pairs of names and values.
    let body = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(body.len() + 4).ok()?;
    stream.write_all(&length.to_be_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers one connection with these bytes.
    fn answering(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut message = [0; 41];
            stream.read_exact(&mut message).unwrap();
            stream.write_all(answer).unwrap();
        });
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    #[test]
    fn a_server_that_asks_for_a_password_does_not_trust_us() {
        assert!(!trusts_us(&answering(b"R\0\0\0\x0c\0\0\0\x05salt")));
    }

    #[test]
    fn a_closed_port_does_not_trust_us() {
        let port = free_port().unwrap();

        assert!(!trusts_us(&format!("postgres://postgres@127.0.0.1:{port}/postgres")));
    }

    #[test]
    fn a_server_that_says_welcome_trusts_us() {
        assert!(trusts_us(&answering(b"R\0\0\0\x08\0\0\0\0S")));
    }
}
