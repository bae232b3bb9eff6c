//! How HTTP/2 connections are ended in a drain (RFC 9113 §6.8): a warning first, and only when the
//! client has had time to hear it, the last request that is taken.

use tokio::sync::{Semaphore, mpsc};

use super::frames::*;
use super::*;

/// The payload of the next frame of a kind.
async fn next(stream: &mut ReadHalf<Client>, kind: u8) -> Vec<u8> {
    loop {
        let (found, payload) = read_frame(stream).await.expect("the line holds");
        if found == kind {
            return payload;
        }
    }
}

fn goodbye(payload: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
    (number(0), number(4))
}

#[tokio::test]
async fn a_drain_warns_takes_what_was_on_its_way_and_then_says_where_it_ends() {
    let (reached, mut reaches) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let server = Server::start(
        config(),
        site(move |_| {
            let held = Arc::clone(&held);
            reached.send(()).unwrap();
            async move {
                held.acquire().await.unwrap().forget();
                Response::new(Body::from("taken"))
            }
        }),
    );
    let (mut reader, mut writer) = tokio::io::split(server.tls(&["h2"]).await);
    writer.write_all(&[greeting(), get(1)].concat()).await.unwrap();
    reaches.recv().await.unwrap();

    server.site.tasks.stop();

    let warning = next(&mut reader, GOAWAY).await;
    assert_eq!(goodbye(&warning), (0x7fff_ffff, 0), "no request is refused yet");
    let ping = next(&mut reader, PING).await;
    // This request crosses the warning on the wire.
    let crossing = [get(3), frame(PING, ACK, 0, &ping)].concat();
    writer.write_all(&crossing).await.unwrap();
    let end = next(&mut reader, GOAWAY).await;
    assert_eq!(goodbye(&end), (3, 0), "the last that is taken");
    gate.add_permits(2);
    let mut answers = 0;
    while let Some((kind, _)) = read_frame(&mut reader).await {
        answers += usize::from(kind == HEADERS);
    }
    assert_eq!(answers, 2, "both are answered before the line is closed");
    assert!(TcpStream::connect(server.address).await.is_err());
}
