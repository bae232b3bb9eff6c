//! Behind a load balancer that speaks the PROXY protocol.

use super::*;

/// Answers with who is on the wire.
struct Peer;

impl Handler for Peer {
    fn call(&self, _: Request<Body>, on: Connection) -> BoxFuture<'static, Response<Body>> {
        async move { Response::new(Body::from(on.peer.to_string())) }.boxed()
    }
}

fn peers() -> Site {
    Site::new(Arc::new(Peer), Tasks::new(), 100)
}

fn balanced(networks: &[&str]) -> Site {
    peers().balanced_by(networks.iter().map(|text| text.parse().unwrap()).collect())
}

const HEADER: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\x1f\x90\x01\xbb";
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn ask(server: &Server, header: &[u8]) -> Option<String> {
    let mut tcp = server.tcp().await;
    tcp.write_all(header).await.unwrap();
    let config = client(&server.ca, &[&rustls::version::TLS13], &["http/1.1"]);
    let mut tls = handshake(config, tcp).await.ok()?;
    send(&mut tls, GET).await;
    Some(until_closed(tls).await)
}

#[tokio::test]
async fn a_balancer_names_who_is_on_the_wire_and_must() {
    let server = Server::start(config(), balanced(&["127.0.0.0/8"]));

    let told = ask(&server, HEADER).await.unwrap();
    let silent = ask(&server, b"").await;
    let wrong = ask(&server, b"PROXY TCP4 203.0.113.9 127.0.0.1 8080 443\r\n").await;

    assert!(told.ends_with("203.0.113.9:8080"), "{told}");
    assert_eq!((silent, wrong), (None, None));
    assert_eq!(server.site.tally.proxy_header_bad.get(), 2);
}

#[tokio::test]
async fn nobody_else_claims_an_address() {
    let server = Server::start(config(), balanced(&["192.0.2.0/24"]));

    let claimed = ask(&server, HEADER).await;
    let plain = ask(&server, b"").await.unwrap();

    assert_eq!(claimed, None, "the header is no TLS");
    assert!(plain.contains("\r\n\r\n127.0.0.1:"), "{plain}");
}

#[tokio::test]
async fn a_header_that_does_not_come_is_not_waited_for() {
    let server = Server::start(
        ListenerConfig { handshake_timeout_ms: 100, ..config() },
        balanced(&["127.0.0.0/8"]),
    );
    let mut tcp = server.tcp().await;
    tcp.write_all(&HEADER[..20]).await.unwrap();

    assert_eq!(until_closed(tcp).await, "");
    assert_eq!(server.site.tally.proxy_header_bad.get(), 1);
}

#[tokio::test]
async fn connections_behind_a_balancer_are_counted_by_whose_they_are() {
    let site =
        balanced(&["127.0.0.0/8"]).crowded_by(Crowd::new(1, vec!["127.0.0.0/8".parse().unwrap()]));
    let server = Server::start(config(), site);
    let mut first = server.tcp().await;
    first.write_all(HEADER).await.unwrap();
    let config = client(&server.ca, &[&rustls::version::TLS13], &["http/1.1"]);
    let held = handshake(config, first).await.unwrap();

    assert_eq!(ask(&server, HEADER).await, None);
    assert_eq!(server.site.tally.over_address_share.get(), 1);
    drop(held);
}
