//! Header blocks that begin and do not end.

use super::frames::*;
use super::*;

/// Nothing but the clock of headers ends a connection soon.
fn hasty() -> ListenerConfig {
    ListenerConfig { header_timeout_ms: 200, ..config() }
}

/// Ways to begin a request on stream 3.
fn unended() -> [(&'static str, Vec<u8>); 3] {
    let begun = frame(HEADERS, END_STREAM, 3, &request("GET", "/"));
    let more = frame(CONTINUATION, 0, 3, &field("x", "y"));
    [
        ("a frame that is not the last", begun.clone()),
        ("two of them", [begun, more].concat()),
        ("a part of the last", get(3)[..20].to_vec()),
    ]
}

/// Reads until the connection is closed.
async fn closed(mut reader: ReadHalf<Client>) {
    let reading = async { while read_frame(&mut reader).await.is_some() {} };
    tokio::time::timeout(SOON, reading).await.expect("it is closed");
}

#[tokio::test]
async fn a_header_block_has_no_more_time_than_the_first_request_had() {
    for (name, begun) in unended() {
        let server = Server::start(hasty(), site(taken));
        let (mut reader, mut writer) = tokio::io::split(server.tls(&["h2"]).await);
        writer.write_all(&[greeting(), get(1)].concat()).await.unwrap();
        while read_frame(&mut reader).await.expect("the line holds").0 != DATA {}

        writer.write_all(&begun).await.unwrap();
        writer.flush().await.unwrap();

        closed(reader).await;
        assert_eq!(server.site.tally.header_late.get(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_header_block_is_not_waited_for_longer_while_another_request_is_answered() {
    let server = Server::start(hasty(), site(taken));
    let (reader, mut writer) = tokio::io::split(server.tls(&["h2"]).await);
    let [(_, begun), ..] = unended();

    writer.write_all(&[greeting(), post(1, "/hold"), begun].concat()).await.unwrap();
    writer.flush().await.unwrap();

    closed(reader).await;
    assert_eq!(server.site.tally.header_late.get(), 1);
}
