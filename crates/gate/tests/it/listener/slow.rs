//! Clients that hold a connection without using it.

use super::*;
use bytes::Bytes;
use gate::timed_body::{BodyFailure, body_failure};

fn hasty() -> ListenerConfig {
    ListenerConfig {
        handshake_timeout_ms: 200,
        header_timeout_ms: 200,
        body_idle_timeout_ms: 200,
        write_stall_timeout_ms: 200,
        ..config()
    }
}

#[tokio::test]
async fn a_silent_tcp_connection_is_closed() {
    let server = Server::start(hasty(), site(path));

    assert_eq!(until_closed(server.tcp().await).await, "");
    assert_eq!(server.site.tally.handshake_late.get(), 1);
}

#[tokio::test]
async fn a_silent_tls_connection_is_closed() {
    let server = Server::start(hasty(), site(path));

    for alpn in ["http/1.1", "h2"] {
        // HTTP/2 servers speak first; what they say is not text.
        let mut stream = server.tls(&[alpn]).await;
        let mut all = Vec::new();
        let closed = tokio::time::timeout(SOON, stream.read_to_end(&mut all)).await;
        assert!(closed.is_ok(), "{alpn}");
    }
    assert_eq!(server.site.tally.header_late.get(), 2);
}

#[tokio::test]
async fn one_header_byte_after_another_does_not_keep_a_connection_open() {
    let server = Server::start(hasty(), site(path));
    let (reader, mut writer) = tokio::io::split(server.tls(&["http/1.1"]).await);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let trickle = async {
        send(&mut writer, "GET / HTTP/1.1\r\nX: ").await;
        while writer.write_all(b"x").await.is_ok() && writer.flush().await.is_ok() {
            ticks.tick().await;
        }
        std::future::pending::<()>().await;
    };

    tokio::select! {
        () = trickle => {}
        all = until_closed(reader) => assert_eq!(all, ""),
    }

    assert_eq!(server.site.tally.header_late.get(), 1);
}

#[tokio::test]
async fn a_second_request_has_no_more_time_for_its_headers_than_the_first() {
    let server = Server::start(hasty(), site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(&mut h1, "/first").await;
    send(&mut h1, "GET /second HT").await;

    assert_eq!(until_closed(h1).await, "");
    assert_eq!(server.site.tally.header_late.get(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_own_time() {
    let server = Server::start(ListenerConfig { idle_timeout_ms: 200, ..config() }, site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(&mut h1, "/first").await;
    let (mut h2, closed) = server.h2_until_closed().await;
    let request = Request::get("https://localhost/h2").body(Body::empty()).unwrap();
    assert_eq!(text(h2.send_request(request).await.unwrap()).await, "/h2");

    assert_eq!(until_closed(h1).await, "");
    assert!(tokio::time::timeout(SOON, closed).await.expect("it is closed").is_err());
    assert_eq!(server.site.tally.header_late.get(), 0);
}

#[tokio::test]
async fn a_connection_does_not_grow_older_than_it_may() {
    let server =
        Server::start(ListenerConfig { connection_age_max_ms: 200, ..config() }, site(path));
    let (mut h2, closed) = server.h2_until_closed().await;
    let request = Request::get("https://localhost/h2").body(Body::empty()).unwrap();
    assert_eq!(text(h2.send_request(request).await.unwrap()).await, "/h2");

    assert!(tokio::time::timeout(SOON, closed).await.expect("it is closed").is_err());
}

async fn read_body(request: Request<Body>) -> Response<Body> {
    let failure = match request.into_body().collect().await {
        Ok(_) => return Response::new(Body::from("read")),
        Err(error) => body_failure(&error),
    };
    let mut response = Response::new(Body::from(format!("{failure:?}")));
    *response.status_mut() = match failure {
        BodyFailure::Malformed => http::StatusCode::BAD_REQUEST,
        _ => http::StatusCode::REQUEST_TIMEOUT,
    };
    response
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered_408() {
    let server = Server::start(hasty(), site(read_body));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf").await;

    let all = until_closed(h1).await;

    assert!(all.starts_with("HTTP/1.1 408"), "{all}");
    assert!(all.ends_with("Timeout"), "{all}");
}

#[tokio::test]
async fn an_http_2_body_that_stops_coming_is_answered_408() {
    let server = Server::start(hasty(), site(read_body));
    let request = Request::post("https://localhost/");
    let request = request.body(Body::new(Endless { pieces: 1, _guard: None })).unwrap();

    let response = server.h2().await.send_request(request).await.unwrap();

    assert_eq!(response.status(), 408);
}

#[tokio::test]
async fn broken_chunks_are_malformed() {
    let server = Server::start(hasty(), site(read_body));
    for chunks in ["zz\r\nabc\r\n", "3\nabc\r\n", "3\r\nabcdef\r\n", "fffffffffffffffff\r\n"] {
        let mut h1 = server.tls(&["http/1.1"]).await;
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        send(&mut h1, &format!("{head}{chunks}")).await;

        let all = until_closed(h1).await;

        assert!(all.starts_with("HTTP/1.1 400"), "{chunks:?}: {all}");
    }
}

/// A body of some large pieces, after which nothing comes any more.
struct Endless {
    pieces: usize,
    _guard: Option<oneshot::Sender<()>>,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        if self.pieces == 0 {
            return std::task::Poll::Pending;
        }
        self.pieces -= 1;
        let piece = Bytes::from_static(&[0; 64 * 1024]);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(piece))))
    }
}

/// A handler whose response never ends, and the event of its being given up.
fn endless() -> (Site, oneshot::Receiver<()>) {
    let (guard, dropped) = oneshot::channel();
    let guard = Arc::new(std::sync::Mutex::new(Some(guard)));
    let site = site(move |_| {
        let guard = guard.lock().unwrap().take();
        async move { Response::new(Body::new(Endless { pieces: usize::MAX, _guard: guard })) }
    });
    (site, dropped)
}

#[tokio::test]
async fn a_client_that_takes_no_response_is_given_up() {
    let (site, given_up) = endless();
    let server = Server::start(hasty(), site);
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;

    let given_up = tokio::time::timeout(SOON, given_up).await.expect("the response is dropped");

    assert!(given_up.is_err());
    drop(h1);
}

#[tokio::test]
async fn an_http_2_client_that_closes_its_window_is_given_up() {
    let (site, given_up) = endless();
    let server = Server::start(hasty(), site);
    let mut h2 = server.h2().await;
    let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
    let response = h2.send_request(request).await.unwrap();

    let given_up = tokio::time::timeout(SOON, given_up).await.expect("the response is dropped");

    assert!(given_up.is_err());
    drop(response);
}
