//! Writers that write until the line breaks, and remember what they were told.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::api::{Api, candidate, job};
use crate::server::{Server, trusting};
use crate::site::Partner;

/// A change to ask for; asked again, it is the same change.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) path: String,
    /// `Idempotency-Key` for a creation, `If-Match` for a move.
    pub(crate) header: (&'static str, String),
    pub(crate) body: Value,
}

/// A change that was answered: this row is at this version.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) id: String,
    pub(crate) version: i64,
}

/// What was acknowledged, and what was asked for and not answered.
pub(crate) struct Aftermath {
    pub(crate) acknowledged: Vec<Done>,
    pub(crate) open: Vec<Write>,
}

/// Lets writers write, all in jobs of this company, until `end` has ended the server. It is called
/// when `enough` changes were acknowledged.
pub(crate) async fn storm(
    server: &mut Server,
    (partner, company, name): (&Partner, &str, &str),
    enough: u64,
    end: impl AsyncFnOnce(&mut Server),
) -> Aftermath {
    let api = server.api(partner).await;
    let (told, mut answers) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    let company: Arc<str> = company.into();
    for writer in 0..WRITERS {
        // Half of them over HTTP/2, and each over a connection of its own.
        let client = trusting(&server.ca_pem());
        let client = if writer % 2 == 0 { client.http1_only() } else { client };
        let api = api.with(client.build().expect("a client"));
        writers.spawn(write(api, Arc::clone(&company), format!("{name}-{writer}"), told.clone()));
    }
    drop(told);
    let mut acknowledged = Vec::new();
    for _ in 0..enough {
        acknowledged.push(answers.recv().await.expect("a writer is alive"));
    }
    end(server).await;
    let open = writers.join_all().await;
    while let Some(done) = answers.recv().await {
        acknowledged.push(done);
    }
    Aftermath { acknowledged, open }
}

/// Jobs, candidates and openings in turn, until one is not answered: that one.
async fn write(
    api: Api,
    company: Arc<str>,
    name: String,
    told: mpsc::UnboundedSender<Done>,
) -> Write {
    for turn in 0_u32.. {
        let word = format!("{name}-{turn}");
        let key = ("idempotency-key", format!("key-{word}"));
        let (path, body) = match turn % 3 {
            0 => ("/v1/candidates", candidate(&format!("{word}@example.org"))),
            _ => ("/v1/jobs", job(&company, &word)),
        };
        let create = Write { path: path.to_owned(), header: key, body };
        let Some(done) = create.send(&api).await else { return create };
        let open = Write {
            path: format!("/v1/jobs/{}/open", done.id),
            header: ("if-match", "\"v1\"".to_owned()),
            body: Value::Null,
        };
        told.send(done).expect("the test listens");
        if turn % 3 == 2 {
            let Some(done) = open.send(&api).await else { return open };
            told.send(done).expect("the test listens");
        }
    }
    unreachable!("the server dies before")
}

impl Write {
    /// Nothing if the line broke before the answer.
    async fn send(&self, api: &Api) -> Option<Done> {
        let (name, value) = &self.header;
        let reply = api.try_post(&self.path, (name, value), &self.body).await.ok()?;
        assert!(matches!(reply.status, 200 | 201), "{self:?}: {reply:?}");
        assert!(!reply.replayed, "{self:?}: {reply:?}");
        Some(Done { id: reply.id(), version: reply.body["version"].as_i64().expect("a version") })
    }
}

const WRITERS: usize = 8;
