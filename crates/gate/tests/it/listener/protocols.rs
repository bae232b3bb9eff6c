//! What is spoken: TLS versions, HTTP versions, and messages that try to be two.

use super::*;

#[tokio::test]
async fn tls_1_2_is_refused_by_default() {
    let server = Server::start(config(), site(path));
    let old = client(&server.ca, &[&rustls::version::TLS12], &["http/1.1"]);

    let error = handshake(old, server.tcp().await).await.unwrap_err();

    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
}

#[tokio::test]
async fn tls_1_2_is_spoken_when_asked_for() {
    let server = Server::with_tls12(config(), site(path), true);
    let old = client(&server.ca, &[&rustls::version::TLS12], &["http/1.1"]);

    assert!(handshake(old, server.tcp().await).await.is_ok());
}

#[tokio::test]
async fn an_unknown_protocol_is_refused_in_the_handshake() {
    let server = Server::start(config(), site(path));
    let strange = client(&server.ca, &[&rustls::version::TLS13], &["spdy/3"]);

    assert!(handshake(strange, server.tcp().await).await.is_err());
}

#[tokio::test]
async fn http_1_and_http_2_are_both_answered() {
    let server = Server::start(
        config(),
        site(|request| async move {
            let connection = request.extensions().get::<Connection>().unwrap();
            let tls = connection.tls.as_ref().unwrap();
            assert_eq!(tls.version, rustls::ProtocolVersion::TLSv1_3);
            assert_eq!(tls.server_name.as_deref(), Some("localhost"));
            assert_eq!(tls.is_h2, request.version() == http::Version::HTTP_2);
            Response::new(Body::from(format!("{:?}", request.version())))
        }),
    );

    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(until(&mut h1, "HTTP/1.1").await.starts_with("HTTP/1.1"));
    let reply = until(&mut h1, "\r\n\r\nHTTP/1.1").await;
    assert!(reply.contains("content-length: 8"), "{reply}");

    let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
    let response = server.h2().await.send_request(request).await.unwrap();
    assert_eq!(text(response).await, "HTTP/2.0");
}

#[tokio::test]
async fn a_message_with_two_lengths_cannot_smuggle_a_second() {
    let server = Server::start(config(), site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(
        &mut h1,
        "POST /outer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\nouter\r\n0\r\n\r\n\
         GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    .await;

    let all = until_closed(h1).await;

    assert!(all.starts_with("HTTP/1.1 400"), "{all}");
    assert!(all.contains("\"code\":\"http.bad_request\""), "{all}");
    assert_eq!(server.site.tally.requests.get(), 0);
}

#[tokio::test]
async fn garbage_behind_a_good_request_does_not_swallow_its_response() {
    let server = Server::start(config(), site(path));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n\x01\x02\r\n\r\n").await;

    let all = until_closed(h1).await;

    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    assert!(all.contains("/good"), "{all}");
    assert!(all.contains("HTTP/1.1 400"), "{all}");
}

#[tokio::test]
async fn headers_beyond_the_limits_are_refused() {
    let server = Server::start(config(), site(path));
    let long = format!("X: {}\r\n", "x".repeat(33 * 1024));
    let many = "X: x\r\n".repeat(101);

    for headers in [long, many] {
        let mut h1 = server.tls(&["http/1.1"]).await;
        send(&mut h1, &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")).await;

        assert!(until_closed(h1).await.starts_with("HTTP/1.1 431"));
    }
    let request = Request::get("https://localhost/").header("x", "x".repeat(33 * 1024));
    let request = request.body(Body::empty()).unwrap();
    let refused = server.h2().await.send_request(request).await;
    assert!(refused.is_err() || refused.is_ok_and(|response| response.status() == 431));
    let mut request = Request::get("https://localhost/").body(Body::empty()).unwrap();
    for _ in 0..101 {
        request.headers_mut().append("x", "x".parse().unwrap());
    }
    let refused = server.h2().await.send_request(request).await.unwrap();
    assert_eq!(refused.status(), 431);
    assert_eq!(refused.headers()["x-content-type-options"], "nosniff");
    assert_eq!(server.site.tally.requests.get(), 0);
}

#[tokio::test]
async fn a_refusal_arrives_although_the_body_is_not_read() {
    let refuse = |_| async {
        let mut response = Response::new(Body::from("too large"));
        *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        response
    };
    let server = Server::start(config(), site(refuse));
    let mut h1 = server.tls(&["http/1.1"]).await;
    send(&mut h1, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n").await;
    let answer = until(&mut h1, "too large").await;

    // A client that is still sending must not be reset before it has looked at the answer.
    for _ in 0..4 {
        send(&mut h1, &"x".repeat(50_000)).await;
    }

    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_at_once() {
    let mut site = site(path);
    site.slots = Arc::new(tokio::sync::Semaphore::new(1));
    let server = Server::start(config(), site);
    let mut first = server.tls(&["http/1.1"]).await;

    assert_eq!(until_closed(server.tcp().await).await, "");
    assert_eq!(server.site.tally.over_capacity.get(), 1);

    send(&mut first, "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(until(&mut first, "/first").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_address_with_its_share_of_connections_gets_no_more() {
    let server = Server::start(config(), site(path).crowded_by(Crowd::new(2, Vec::new())));
    let first = server.tls(&["http/1.1"]).await;
    let mut second = server.tls(&["http/1.1"]).await;

    assert_eq!(until_closed(server.tcp().await).await, "");
    assert_eq!(server.site.tally.over_address_share.get(), 1);
    send(&mut second, "GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(until(&mut second, "/second").await.starts_with("HTTP/1.1 200"));

    drop((first, second));
    let again = async {
        // The server sees the ends of the two a moment later than we make them.
        while handshake(client(&server.ca, &[&rustls::version::TLS13], &[]), server.tcp().await)
            .await
            .is_err()
        {}
    };
    tokio::time::timeout(SOON, again).await.expect("a place is free again");
}

#[tokio::test]
async fn listeners_can_share_a_port() {
    let first = Listener::bind(ListenerConfig { reuse_port: true, ..config() }).unwrap();
    let same = ListenerConfig { address: first.local_addr(), ..config() };

    assert!(Listener::bind(same.clone()).is_err());
    assert!(Listener::bind(ListenerConfig { reuse_port: true, ..same }).is_ok());
}
