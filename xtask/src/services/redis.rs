//! A Redis for the tests: loopback only, nothing on disk, gone at the end.

use std::{
    env,
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    path::Path,
    process::Command,
    time::Duration,
};

use super::{authority, free_port};
use crate::{
    background::Background,
    error::{ChoreError, Outcome},
    wait,
};

/// Where the tests look for the URL.
pub(crate) const VARIABLE: &str = "RINGWALL_TEST_REDIS";
const USUAL: &str = "redis://127.0.0.1:6379/";
const START_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A server that answers.
pub(crate) struct Redis {
    url: String,
    /// Stops the server when it is dropped.
    _own: Option<Background>,
}

impl Redis {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// The server that the environment names, or one in the usual place.
pub(crate) fn running() -> Outcome<Option<Redis>> {
    if let Ok(url) = env::var(VARIABLE) {
        if answer(&url).is_some() {
            return Ok(Some(Redis { url, _own: None }));
        }
        // The value may hold a password, so it is not shown.
        return Err(ChoreError::told(format!("no Redis answers where `{VARIABLE}` points")));
    }
    let is_open = answer(USUAL) == Some(*b"+PONG");
    Ok(is_open.then(|| Redis { url: USUAL.to_owned(), _own: None }))
}

/// Starts one on a free port.
pub(crate) fn start(folder: &Path) -> Outcome<Redis> {
    let port = free_port()?.to_string();
    let log_path = folder.join("redis.log");
    let mut server = Command::new("redis-server");
    server
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
        .current_dir(folder);
    let mut own = Background::start(&mut server, &log_path)?;
    let url = format!("redis://127.0.0.1:{port}/");
    wait::until(START_WITHIN, "Redis's first answer", || match own.has_ended()? {
        false => Ok((answer(&url) == Some(*b"+PONG")).then_some(())),
        true => Err(ChoreError::told(format!("Redis stopped: see `{}`", log_path.display()))),
    })?;
    Ok(Redis { url, _own: Some(own) })
}

fn answer(url: &str) -> Option<[u8; 5]> {
    let address = authority(url, 6379)?.to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).ok()?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_port_does_not_answer() {
        let port = free_port().unwrap();

        assert_eq!(answer(&format!("redis://127.0.0.1:{port}/")), None);
    }
}
