//! Messages to PostgreSQL leave at once.
//!
//! `sqlx` 0.9.0 leaves Nagle's algorithm on (transact-rs/sqlx#4335): the rest of a message that is
//! larger than the socket's buffer waits until the server acknowledges what came before, which it
//! puts off for 40 ms. A hundred audit entries are such a message, and so is a part of an import.
//! `sqlx` shows its socket to nobody, so it is found among those of this process. This file goes
//! when a release of `sqlx` sets the option itself.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::SockRef;

/// Turns Nagle's algorithm off on every connection of this process to that port.
///
/// # Errors
/// Where a process may not duplicate its own descriptors, as in some containers.
pub(super) fn send_at_once(port: u16) -> io::Result<()> {
    let own = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let socket = match pidfd_getfd(&own, number, PidfdGetfdFlags::empty()) {
            Ok(descriptor) => descriptor,
            // It was closed meanwhile.
            Err(Errno::BADF) => continue,
            Err(error) => return Err(error.into()),
        };
        let socket = SockRef::from(&socket);
        // What has no peer is a file or listens.
        let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
        if peer.is_some_and(|peer| peer.port() == port) {
            socket.set_tcp_nodelay(true)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_to_the_port_waits_for_nothing_any_more() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let to = |server: &TcpListener| TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (prompt, patient) = (to(&server), to(&other));

        send_at_once(server.local_addr().unwrap().port()).unwrap();

        assert!(prompt.nodelay().unwrap());
        assert!(!patient.nodelay().unwrap());
    }
}
