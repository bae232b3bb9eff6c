//! HTTP without TLS: redirected or refused, never served.

use super::*;

#[tokio::test]
async fn a_post_without_tls_is_refused_before_its_body_comes() {
    let server = Server::start(config(), site(path));
    let mut tcp = server.tcp().await;
    let head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
    send(&mut tcp, head).await;

    let all = until_closed(tcp).await;

    assert!(all.starts_with("HTTP/1.1 403"), "{all}");
    assert!(all.contains("connection: close"), "{all}");
    assert!(all.contains("content-type: application/problem+json"), "{all}");
    assert!(all.contains("\"code\":\"transport.https_required\""), "{all}");
    assert_eq!(server.site.tally.plain_http.get(), 1);
}

#[tokio::test]
async fn a_get_without_tls_is_redirected_to_the_same_port() {
    let server = Server::start(config(), site(path));
    let port = server.address.port();
    let mut tcp = server.tcp().await;
    send(&mut tcp, &format!("GET /v1/jobs?q=a HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).await;

    let all = until_closed(tcp).await;

    assert!(all.starts_with("HTTP/1.1 308"), "{all}");
    assert!(all.contains(&format!("location: https://localhost:{port}/v1/jobs?q=a\r\n")), "{all}");
}

#[tokio::test]
async fn a_foreign_host_is_not_reflected() {
    let server = Server::start(config(), site(path));
    let mut tcp = server.tcp().await;
    send(&mut tcp, "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n").await;

    let all = until_closed(tcp).await;

    assert!(all.starts_with("HTTP/1.1 403"), "{all}");
    assert!(!all.contains("evil"), "{all}");
}

#[tokio::test]
async fn a_second_request_without_tls_is_not_answered() {
    let server = Server::start(config(), site(path));
    let mut tcp = server.tcp().await;
    send(&mut tcp, &"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2)).await;

    let all = until_closed(tcp).await;

    assert_eq!(all.matches("HTTP/1.1 308").count(), 1, "{all}");
}

#[tokio::test]
async fn what_is_neither_tls_nor_http_is_closed() {
    let server = Server::start(config(), site(path));
    let mut tcp = server.tcp().await;
    send(&mut tcp, "\x00\x01\x02").await;

    assert_eq!(until_closed(tcp).await, "");
    assert_eq!(server.site.tally.handshake_failed.get(), 1);
}

#[tokio::test]
async fn the_plain_listener_serves_nothing_but_redirections() {
    let site = site(|_| async { panic!("the handler is behind TLS only") });
    let listener = Listener::bind(config()).unwrap();
    let address = listener.local_addr();
    site.tasks.spawn(listener.serve_redirect(redirect(), site.clone()));

    for (method, expected) in [("GET", "308"), ("HEAD", "308"), ("DELETE", "403")] {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        send(&mut tcp, &format!("{method} /a HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;

        let all = until_closed(tcp).await;

        assert!(all.starts_with(&format!("HTTP/1.1 {expected}")), "{method}: {all}");
        assert_eq!(all.contains("location: https://localhost/a\r\n"), expected == "308");
    }
}

#[tokio::test]
async fn the_administrative_listener_is_served_without_tls() {
    let site = site(path);
    let listener = Listener::bind(config()).unwrap();
    let mut tcp = TcpStream::connect(listener.local_addr()).await.unwrap();
    site.tasks.spawn(listener.serve_raw(site.clone()));
    send(&mut tcp, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;

    assert!(until(&mut tcp, "/metrics").await.starts_with("HTTP/1.1 200"));
}
