//! HTTP/2 as no client should speak it: frames written by hand, and floods of them.

use tokio::io::{ReadHalf, WriteHalf};

use super::*;

mod cases;
mod farewell;
mod frames;
mod unended;

use cases::{Abuse, Ends};
use frames::{GOAWAY, PREFACE, RST_STREAM, settings};

type Client = TlsStream<TcpStream>;

/// How the server answered what it was sent.
#[derive(Debug, Default)]
struct Answer {
    /// Error codes of `GOAWAY` frames; 0 is a polite end.
    goaway: Vec<u32>,
    /// Error codes of `RST_STREAM` frames.
    resets: Vec<u32>,
    is_closed: bool,
    /// Nothing was ended in time.
    is_late: bool,
}

impl Answer {
    fn ends_connection(&self) -> bool {
        self.is_closed || self.goaway.iter().any(|code| *code != 0)
    }

    fn ends_stream(&self) -> bool {
        self.resets.iter().any(|code| *code != 0) || self.ends_connection()
    }
}

/// Takes whole bodies, except on `/hold`, where it takes nothing for ever.
async fn taken(request: Request<Body>) -> Response<Body> {
    if request.uri().path() == "/hold" {
        std::future::pending::<()>().await;
    }
    match request.into_body().collect().await {
        Ok(_) => Response::new(Body::from("taken")),
        Err(_) => Response::new(Body::from("broken")),
    }
}

async fn read_frame(stream: &mut ReadHalf<Client>) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).await.ok()?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    Some((header[3], payload))
}

/// Reads until the server has ended what `ends` says.
async fn read_answer(mut stream: ReadHalf<Client>, ends: Ends) -> Answer {
    let mut answer = Answer::default();
    let code = |payload: &[u8], at: usize| {
        payload.get(at..at + 4).map(|code| u32::from_be_bytes(code.try_into().unwrap())).unwrap()
    };
    let reading = async {
        loop {
            match read_frame(&mut stream).await {
                Some((GOAWAY, payload)) => answer.goaway.push(code(&payload, 4)),
                Some((RST_STREAM, payload)) => answer.resets.push(code(&payload, 0)),
                Some(_) => {}
                None => answer.is_closed = true,
            }
            let is_over = match ends {
                Ends::Connection => answer.ends_connection(),
                Ends::Stream => answer.ends_stream(),
            };
            if is_over {
                return;
            }
        }
    };
    answer.is_late = tokio::time::timeout(SOON, reading).await.is_err();
    answer
}

/// Sends the case, again and again if it is a flood; how many bytes the server let itself be sent.
async fn send_abuse(mut stream: WriteHalf<Client>, abuse: &Abuse) -> usize {
    let mut sent = 0;
    for part in std::iter::once(&abuse.begin).chain((0..abuse.times).map(|_| &abuse.again)) {
        let written = stream.write_all(part).await.is_ok() && stream.flush().await.is_ok();
        if !written {
            return sent;
        }
        sent += part.len();
    }
    // The reader decides when it is over: dropping the half would not close the connection.
    sent
}

#[tokio::test]
async fn every_abuse_of_http_2_is_ended_and_honest_clients_are_served() {
    let server = Server::start(config(), site(taken));
    let cases = cases::all();
    assert!(cases.len() >= 70, "{}", cases.len());

    let mut failures = Vec::new();
    for abuse in &cases {
        let (reader, writer) = tokio::io::split(server.tls(&["h2"]).await);
        let (answer, sent) =
            tokio::join!(read_answer(reader, abuse.ends), send_abuse(writer, abuse));
        let request = Request::get("https://localhost/honest").body(Body::empty()).unwrap();
        let honest = server.h2().await.send_request(request).await;
        let is_served = honest.is_ok_and(|response| response.status() == 200);
        if answer.is_late || sent > abuse.bytes_max || !is_served {
            failures.push(format!("{}: {answer:?}, {sent} bytes, served: {is_served}", abuse.name));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test]
async fn a_client_that_reads_much_is_no_flood() {
    let server =
        Server::start(config(), site(|_| async { Response::new(Body::from(vec![b'x'; 4 << 20])) }));
    let mut client = server.h2().await;

    for _ in 0..3 {
        let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(text(response).await.len(), 4 << 20);
    }
}

/// What every connection begins with.
fn greeting() -> Vec<u8> {
    [PREFACE, &settings(&[])].concat()
}
