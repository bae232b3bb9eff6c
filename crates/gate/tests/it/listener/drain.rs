//! Stopping without losing a request.

use gate::tasks::Drained;
use tokio::sync::{Semaphore, mpsc};

use super::*;

/// A site whose handler says that it was reached, and answers when it is let go.
fn gated() -> (Site, mpsc::UnboundedReceiver<()>, Arc<Semaphore>) {
    let (reached, reaches) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let site = site(move |request| {
        let gate = Arc::clone(&gate);
        reached.send(()).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            path(request).await
        }
    });
    (site, reaches, opened)
}

#[tokio::test]
async fn a_drain_finishes_the_request_in_flight_and_takes_no_new_connection() {
    let (site, mut reaches, gate) = gated();
    let server = Server::start(config(), site);
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut h2 = server.h2().await;
    let request = Request::get("https://localhost/slow2").body(Body::empty()).unwrap();
    let answer = h2.send_request(request);
    let released = async {
        reaches.recv().await.unwrap();
        reaches.recv().await.unwrap();
        server.site.tasks.stop();
        // The listener's own task ends first; the two connections and the stream live on.
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
    };

    let (answer, (), drained) = tokio::join!(answer, released, async {
        server.site.tasks.stopping().await;
        server.site.tasks.drain(SOON).await
    });

    let all = until_closed(h1).await;
    assert!(all.contains("connection: close"), "{all}");
    assert!(all.ends_with("/slow"), "{all}");
    assert_eq!(text(answer.unwrap()).await, "/slow2");
    assert_eq!(drained, Drained { aborted: 0 });
}

#[tokio::test]
async fn connections_that_are_queued_when_the_stop_comes_are_served() {
    let site = site(path);
    let listener = Listener::bind(config()).unwrap();
    let address = listener.local_addr();
    let mut queued = Vec::new();
    for number in 0..10 {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        send(&mut tcp, &format!("GET /{number} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        queued.push(tcp);
    }

    site.tasks.stop();
    site.tasks.spawn(listener.serve_raw(site.clone()));

    for (number, tcp) in queued.into_iter().enumerate() {
        let all = until_closed(tcp).await;
        assert!(all.ends_with(&format!("\r\n\r\n/{number}")), "{all}");
    }
    assert_eq!(site.tasks.drain(SOON).await, Drained { aborted: 0 });
}

#[tokio::test]
async fn a_request_that_crosses_the_stop_on_an_open_connection_is_answered() {
    let server = Server::start(ListenerConfig { drain_linger_ms: 5_000, ..config() }, site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(&mut h1, "/first").await;
    let mut fresh = server.tls(&["h2"]).await;

    server.site.tasks.stop();
    let closed = tokio::time::timeout(Duration::from_millis(50), h1.read_u8()).await;
    assert!(closed.is_err(), "it stays open for a request that is under way");
    send(&mut h1, "GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n").await;

    let all = until_closed(h1).await;
    assert!(all.contains("connection: close"), "{all}");
    assert!(all.ends_with("/second"), "{all}");
    fresh.shutdown().await.unwrap();
    assert_eq!(server.site.tasks.drain(SOON).await, Drained { aborted: 0 });
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_drain() {
    let server = Server::start(config(), site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(&mut h1, "/first").await;
    let _fresh = server.tls(&["http/1.1"]).await;
    let mut h2 = server.h2().await;
    let request = Request::get("https://localhost/h2").body(Body::empty()).unwrap();
    assert_eq!(text(h2.send_request(request).await.unwrap()).await, "/h2");

    assert_eq!(server.site.tasks.drain(SOON).await, Drained { aborted: 0 });
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_is_aborted() {
    let (site, mut reaches, _gate) = gated();
    let server = Server::start(config(), site);
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    reaches.recv().await.unwrap();

    let drained = server.site.tasks.drain(Duration::from_millis(50)).await;

    assert_eq!(drained, Drained { aborted: 1 });
    assert_eq!(until_closed(h1).await, "");
    assert_eq!(server.site.tasks.live(), 0);
}
