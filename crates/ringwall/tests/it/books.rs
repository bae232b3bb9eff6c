//! What the database holds, held against itself: each row and what its changes must have left.

use kernel::{CandidateId, ClientCompanyId, JobId};
use sea_orm::QueryResult;
use sea_orm::entity::prelude::Uuid;
use serde_json::Value;

use crate::database::{cell, look};
use crate::site::Site;

/// A resource at a version: its kind, its printed id, its version.
type Version = (String, String, i64);

/// One consistent look at everything.
pub(crate) struct Books {
    /// Each version that the rows say there was.
    pub(crate) versions: Vec<Version>,
    changes: Vec<Version>,
    events: Vec<Version>,
    entries: Vec<Version>,
    /// Numbers of the change log, in order, and the counter they come from.
    numbers: (Vec<i64>, i64),
    /// Rows created over the API, and idempotency keys kept.
    keys: (usize, usize),
    /// Open public jobs, and what the public is shown: id and version.
    shown: [Vec<(Uuid, i64)>; 2],
    pub(crate) titles: Vec<String>,
}

impl Books {
    pub(crate) async fn read(site: &Site) -> Self {
        let [clients, jobs, candidates, changes, events, entries, counters, keys, shown] =
            look(&site.database_url(), QUERIES).await;
        let mut versions: Vec<_> = clients.iter().flat_map(|row| all("client", row)).collect();
        versions.extend(jobs.iter().flat_map(|row| all("job", row)));
        versions.extend(candidates.iter().flat_map(|row| all("candidate", row)));
        versions.sort();
        let open = jobs.iter().filter(|row| {
            cell::<String>(row, "status") == "open" && cell::<String>(row, "visibility") == "public"
        });
        Self {
            versions,
            numbers: (
                changes.iter().map(|row| cell(row, "seq")).collect(),
                counters.iter().map(|row| cell::<i64>(row, "seq")).sum(),
            ),
            changes: sorted(changes.iter().filter_map(change)),
            events: sorted(events.iter().map(event)),
            entries: sorted(entries.iter().filter_map(entry)),
            keys: (clients.len() + jobs.len() + candidates.len(), keys.len()),
            titles: jobs.iter().map(title).collect(),
            shown: [open.map(place).collect(), shown.iter().map(place).collect()],
        }
    }

    /// Does this row exist, at this version or a later one?
    pub(crate) fn hold(&self, id: &str, version: i64) -> bool {
        self.versions.iter().any(|(_, known, at)| known == id && *at == version)
    }

    /// Every row has exactly what its changes must have left, and nothing is left of anything else.
    pub(crate) fn are_whole(&self) {
        assert_eq!(self.changes, self.versions, "the change log");
        assert_eq!(self.events, self.versions, "the outbox");
        assert_eq!(self.entries, self.versions, "the audit trail");
        let (numbers, counter) = &self.numbers;
        assert!(numbers.iter().copied().eq(1..=*counter), "{numbers:?}, counter {counter}");
        let (created, keys) = self.keys;
        assert_eq!(keys, created, "each creation kept its idempotency key");
        let [open, shown] = &self.shown;
        assert_eq!(shown, open, "the public list");
        let mut titles = self.titles.clone();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), self.titles.len(), "no job is there twice");
    }
}

/// The audit entries about a kind of thing, the oldest first, as they are written.
pub(crate) async fn entries(site: &Site, kind: &str) -> Vec<String> {
    let [rows] = look(&site.database_url(), ["select body from audit_entry order by id"]).await;
    let bodies = rows.iter().map(|row| cell::<Vec<u8>>(row, "body"));
    let texts = bodies.map(|body| String::from_utf8(body).expect("text"));
    let is_meant = |text: &String| {
        let entry: Value = serde_json::from_str(text).expect("JSON");
        entry["resources"][0]["type"] == kind
    };
    texts.filter(is_meant).collect()
}

/// All versions of a row, the first to the present one.
fn all(kind: &'static str, row: &QueryResult) -> impl Iterator<Item = Version> {
    let id = printed(kind, cell(row, "id"));
    (1..=cell::<i64>(row, "version")).map(move |version| (kind.to_owned(), id.clone(), version))
}

fn printed(kind: &str, id: Uuid) -> String {
    match kind {
        "client" => ClientCompanyId::from_uuid(id).to_string(),
        "job" => JobId::from_uuid(id).to_string(),
        _ => CandidateId::from_uuid(id).to_string(),
    }
}

/// Tenants and partners come from the command line, and leave no event.
fn is_ours(kind: &str) -> bool {
    matches!(kind, "client" | "job" | "candidate")
}

fn change(row: &QueryResult) -> Option<Version> {
    let kind: String = cell(row, "resource_type");
    let id = printed(&kind, cell(row, "resource_id"));
    is_ours(&kind).then(|| (kind, id, cell(row, "version")))
}

fn event(row: &QueryResult) -> Version {
    let payload: Value = cell(row, "payload");
    let object = &payload["object"];
    (text(&object["type"]), text(&object["id"]), object["version"].as_i64().expect("a number"))
}

/// An entry about a change, as its canonical form says; its hash must be of that form.
fn entry(row: &QueryResult) -> Option<Version> {
    let body: Vec<u8> = cell(row, "body");
    assert_eq!(watch::leaf_hash(&body).to_vec(), cell::<Vec<u8>>(row, "leaf_hash"));
    let entry: Value = serde_json::from_slice(&body).expect("JSON");
    if entry["metadata"]["event_code"] != "change" {
        return None;
    }
    let resource = &entry["resources"][0];
    let version = text(&resource["version"]).parse().expect("a number");
    let kind = text(&resource["type"]);
    is_ours(&kind).then(|| (kind, text(&resource["uid"]), version))
}

fn title(row: &QueryResult) -> String {
    text(&cell::<Value>(row, "document")["title"])
}

fn place(row: &QueryResult) -> (Uuid, i64) {
    (cell(row, "id"), cell(row, "version"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn sorted(versions: impl Iterator<Item = Version>) -> Vec<Version> {
    let mut versions: Vec<_> = versions.collect();
    versions.sort();
    versions
}

const QUERIES: [&str; 9] = [
    "select id, version from client_company",
    "select id, version, status, visibility, document from job order by id",
    "select id, version from candidate",
    "select seq, resource_type, resource_id, version from change_log order by seq",
    "select payload from outbox",
    "select body, leaf_hash from audit_entry",
    "select seq from tenant_counter",
    "select row_id from idempotency",
    "select id, version from public_job order by id",
];
