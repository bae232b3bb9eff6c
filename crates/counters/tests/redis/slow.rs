//! A way to a Redis that delays its answers.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use crate::server::Server;

/// Passes questions on at once, and answers late. Ends with its connections.
pub(crate) struct Proxy {
    port: u16,
}

impl Proxy {
    pub(crate) fn before(server: &Server, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let to = server.port();
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
                let copies = (from.try_clone(), server.try_clone());
                let (Ok(back), Ok(answers)) = copies else { return };
                std::thread::spawn(move || pass(from, server, Duration::ZERO));
                std::thread::spawn(move || pass(answers, back, delay));
            }
        });
        Self { port }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    // Nobody sends: it is a clock.
    let (_clock, ticks) = mpsc::channel::<()>();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let _elapsed = ticks.recv_timeout(delay);
        let passed = bytes.get(..count).map(|read| to.write_all(read));
        if !matches!(passed, Some(Ok(()))) {
            break;
        }
    }
    let _closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
