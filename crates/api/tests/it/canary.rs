//! Marked values go through every operation; none is found where it must not be.

use std::io::Write;
use std::sync::{Arc, Mutex};

use policy::{Role, SCOPES};
use serde_json::{Value, json};
use testkit::{Caller, Platform, Remains, Setup, samples};

use crate::operations::{Things, all, ask};

/// In every marked text, in whatever case.
const MARK: &str = "q7zebra";
/// In every marked telephone number.
const DIGITS: &str = "7700973184";

/// Everything traced in this process, as far as it holds a mark.
#[derive(Clone, Default)]
struct Trap {
    caught: Arc<Mutex<Vec<String>>>,
    secrets: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    fn watch(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let secrets = self.secrets.lock().unwrap();
        let mut marks = secrets.iter().map(|secret| secret.to_lowercase());
        text.contains(MARK) || text.contains(DIGITS) || marks.any(|mark| text.contains(&mark))
    }

    fn caught(&self) -> Vec<String> {
        std::mem::take(&mut self.caught.lock().unwrap())
    }
}

impl Write for Trap {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.holds(bytes) {
            let line = String::from_utf8_lossy(bytes).into_owned();
            self.caught.lock().unwrap().push(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The whole process at the finest level: what the database's own threads trace, too, and what
/// other tests trace meanwhile, which holds no marks.
fn trace_all() -> Trap {
    let trap = Trap::default();
    let writer = trap.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    trap
}

fn candidate(number: usize) -> Value {
    samples::with(
        samples::candidate(),
        json!({
            "given_name": "Q7zebra given",
            "family_name": "Q7Zebra family",
            "preferred_name": "Q7Zebra preferred",
            "email": format!("Q7Zebra.{number}@example.org"),
            "phone": format!("+44{DIGITS}{number:02}"),
            "address": { "line1": "Q7Zebra street", "city": "Q7Zebra town", "country": "PT" },
            "summary": "Q7Zebra summary",
            "employments_history":
                [{ "title": "Tester", "employer": "Q7Zebra Ltd", "description": "Q7Zebra work" }],
            "education": [{ "institution": "Q7Zebra school" }],
        }),
    )
}

fn company() -> Value {
    samples::with(
        samples::company(),
        json!({
            "billing_email": "q7zebra@kestrel.example",
            "billing_contact_name": "Q7Zebra contact",
            "phone": format!("+44{DIGITS}99"),
            "tax_id": "Q7ZEBRA-1",
        }),
    )
}

/// Marked values wherever a caller can put them: into bodies that fit and bodies that do not.
async fn send_everything(mara: &Caller, things: &Things, platform: &Platform) -> Vec<Vec<u8>> {
    let mut refused = Vec::new();
    let asks = [
        mara.post("/v1/candidates", candidate(1)),
        mara.post("/v1/candidates", candidate(1)),
        mara.post("/v1/candidates", candidate(2)),
        mara.post("/v1/candidates", samples::with(candidate(3), json!({ "country": "Q7Zebra" }))),
        mara.post("/v1/candidates", samples::with(candidate(4), json!({ "email": "Q7Zebra" }))),
        mara.post("/v1/candidates", samples::with(candidate(5), json!({ "phone": "Q7Zebra" }))),
        mara.post("/v1/clients", company()),
        mara.post("/v1/candidates/search", json!({ "email": "q7zebra.1@example.org" })),
        mara.post("/v1/candidates/search", json!({ "phone": format!("+44{DIGITS}01") })),
        mara.post("/v1/candidates/search", json!({ "phone": "q7zebra" })),
        mara.patch(&format!("/v1/candidates/{}", things.candidate), candidate(6)),
        mara.patch(&format!("/v1/candidates/{}", things.candidate), json!({ "phone": "q7zebra" })),
        mara.patch(&format!("/v1/clients/{}", things.company), company()),
        mara.get("/v1/jobs?q=q7zebra"),
        mara.get("/v1/jobs?cursor=q7zebra"),
        mara.get("/v1/jobs?remote=q7zebra"),
        mara.get("/v1/q7zebra"),
        mara.get("/v1/candidates/q7zebra"),
        mara.get("/v1/candidates").with_header("cookie", "q7zebra=q7zebra"),
        mara.get("/v1/candidates").with_header("authorization", "Bearer q7zebra"),
        mara.get("/v1/candidates").with_header("authorization", "Basic cTd6ZWJyYTpxN3plYnJh"),
        mara.get("/v1/candidates").with_header("if-none-match", "\"q7zebra\""),
        mara.get("/v1/candidates").with_header("traceparent", "q7zebra"),
        mara.get("/v1/candidates").with_header("x-forwarded-for", "q7zebra"),
        mara.get("/v1/candidates").with_header("host", "q7zebra.example"),
        mara.post("/v1/clients", company()).with_header("idempotency-key", "q7zebra"),
        mara.token("pc_aaaaaaaaaaaaaaaa", "q7zebra"),
        mara.token("pc_aaaaaaaaaaaaaaaa", "x").form("grant_type=q7zebra&scope=q7zebra"),
    ];
    let asks = asks.into_iter();
    let more = all(platform).into_iter().filter(|operation| !operation.bodies().is_empty());
    let more = more.map(|operation| {
        let media = operation.bodies()[0].media.clone();
        ask(mara, operation, things).bytes("{\"q7zebra\": \"q7zebra\", q7zebra", &media)
    });
    for ask in asks.chain(more) {
        let answer = ask.await;
        assert!(answer.status() < 500, "{answer:?}");
        if answer.status() >= 400 {
            refused.push(answer.bytes().to_vec());
        }
    }
    refused
}

#[tokio::test]
async fn nothing_personal_and_no_secret_leaves_a_trace() {
    let trap = trace_all();
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let credentials = acme.register(Role::Partner, SCOPES).await;
    trap.watch(credentials.secret.expose());
    let mara = acme.sign_in(&credentials).await;
    trap.watch(mara.bearer());
    let things = Things::of(&acme, &mara).await;

    let refused = send_everything(&mara, &things, &platform).await;
    for operation in all(&platform) {
        ask(&mara, operation, &things).await;
    }

    for body in &refused {
        assert!(!trap.holds(body), "{}", String::from_utf8_lossy(body));
    }
    assert!(!trap.holds(platform.metrics().as_bytes()));
    assert!(!trap.holds(Value::from(platform.audit().await).to_string().as_bytes()));
    assert!(!trap.holds(format!("{:?}", acme.outbox().await).as_bytes()));
    assert!(!trap.holds(&platform.files()), "the database while it is open");
    drop((mara, acme));
    let remains: Remains = platform.close().await;
    assert!(remains.access_log().lines().count() > 50);
    assert!(!trap.holds(&remains.files()), "the database and the access log");
    assert_eq!(trap.caught(), Vec::<String>::new());
    // The trap works: what is traced on purpose is caught.
    tracing::trace!("Q7Zebra");
    assert_eq!(trap.caught().len(), 1);
}
