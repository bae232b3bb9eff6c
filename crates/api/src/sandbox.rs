//! What only a sandbox can do. For everybody else none of it exists.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::App;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use staffing::calendar::Date;
use staffing::candidate::consent::{Basis, Consent};
use staffing::candidate::life::CandidateStatus;
use staffing::synthetic;
use store::candidates::{self, State as CandidateState};
use store::{TenantTx, clients, jobs, sandbox};
use utoipa::ToSchema;

use crate::extract::{Body, Facts, Permit};
use crate::reply::{Answer, Refused, Reply};

/// The sandbox's clock.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClockView {
    /// The moment that it is in the sandbox.
    now: Timestamp,
    /// How far that is ahead of the true time.
    ahead_s: u64,
}

/// How far the clock shall go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// Seconds; at most a year at once.
    #[schema(minimum = 1, maximum = 31_622_400)]
    seconds: u32,
}

/// What a sandbox is filled with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// Whether made-up client companies, jobs and candidates are written down anew.
    #[serde(default)]
    seeded: bool,
}

/// What a sandbox was filled with.
#[derive(Serialize, ToSchema)]
pub(crate) struct Filled {
    /// Client companies.
    clients: usize,
    /// Jobs.
    jobs: usize,
    /// Candidates.
    candidates: usize,
}

/// Which event shall happen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trigger {
    /// Its name.
    r#type: EventChoice,
}

/// That an event happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Triggered {
    /// Its name.
    r#type: &'static str,
}

/// Read the sandbox's clock.
#[utoipa::path(
    get, path = "/v1/sandbox/clock", operation_id = "sandbox.clock", tag = "Sandbox",
    responses((status = 200, description = "The clock", body = ClockView)),
    extensions(("x-ringwall" = json!({"action": "sandbox.read"})))
)]
pub(crate) async fn clock(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> Answer {
    let tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let ahead = sandbox::ahead(&tx).await?;
    Reply::ok(&ClockView { now: tx.now(), ahead_s: ahead.as_secs() })
}

/// Run the sandbox's clock ahead. What is due by then is done next, as it would be.
#[utoipa::path(
    post, path = "/v1/sandbox/clock/advance", operation_id = "sandbox.advance", tag = "Sandbox",
    request_body = Advance,
    responses((status = 200, description = "The clock", body = ClockView)),
    extensions(("x-ringwall" = json!({"action": "sandbox.run"})))
)]
pub(crate) async fn advance(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(advance): Body<Advance>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let by = Duration::from_secs(advance.seconds.into());
    let ahead = sandbox::advance(&mut tx, by).await?;
    let view = ClockView { now: tx.real_now().plus(ahead), ahead_s: ahead.as_secs() };
    tx.commit(None).await?;
    Reply::ok(&view)
}

/// Start the sandbox anew: partners stay, everything else goes, the clock shows the true time.
#[utoipa::path(
    post, path = "/v1/sandbox/reset", operation_id = "sandbox.reset", tag = "Sandbox",
    request_body = Reset,
    responses((status = 200, description = "What it is filled with", body = Filled)),
    extensions(("x-ringwall" = json!({"action": "sandbox.run", "sensitive": "high"})))
)]
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(reset): Body<Reset>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    sandbox::reset(&mut tx).await?;
    let filled = match reset.seeded {
        true => fill(&mut tx).await?,
        false => Filled { clients: 0, jobs: 0, candidates: 0 },
    };
    tx.commit(None).await?;
    Reply::ok(&filled)
}

/// Make an event happen, to see it arrive. Nothing else changes.
#[utoipa::path(
    post, path = "/v1/sandbox/webhooks/trigger", operation_id = "sandbox.trigger", tag = "Sandbox",
    request_body = Trigger,
    responses((status = 200, description = "It happened", body = Triggered)),
    extensions(("x-ringwall" = json!({"action": "sandbox.run"})))
)]
pub(crate) async fn trigger(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(trigger): Body<Trigger>,
) -> Answer {
    let name = trigger.r#type.name();
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    sandbox::trigger(&mut tx, name).await?;
    tx.commit(None).await?;
    Reply::ok(&Triggered { r#type: name })
}

async fn fill(tx: &mut TenantTx) -> Result<Filled, Refused> {
    let mut owners = Vec::new();
    for draft in synthetic::clients(SEED, CLIENTS) {
        owners.push(clients::add(tx, &draft).await?.id);
    }
    let drafts = synthetic::jobs(SEED, JOBS, &owners, Date(tx.now().date()));
    let mut filled = Filled { clients: owners.len(), jobs: drafts.len(), candidates: 0 };
    for draft in drafts {
        jobs::add(tx, draft).await?;
    }
    for draft in synthetic::candidates(SEED, CANDIDATES) {
        let state = CandidateState {
            status: CandidateStatus::Active,
            consent: Consent::pending(Basis::LegitimateInterest),
            retain_until: None,
        };
        candidates::add(tx, &draft, state).await?;
        filled.candidates += 1;
    }
    Ok(filled)
}

/// The events that can be made to happen.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) enum EventChoice {
    /// A job was opened.
    #[serde(rename = "job.opened")]
    JobOpened,
    /// A job was closed.
    #[serde(rename = "job.closed")]
    JobClosed,
    /// A candidate was written down.
    #[serde(rename = "candidate.created")]
    CandidateCreated,
    /// A candidate changed.
    #[serde(rename = "candidate.updated")]
    CandidateUpdated,
    /// A candidate was erased.
    #[serde(rename = "candidate.erased")]
    CandidateErased,
    /// An import has ended.
    #[serde(rename = "import.completed")]
    ImportCompleted,
    /// An export was written.
    #[serde(rename = "export.completed")]
    ExportCompleted,
}

impl EventChoice {
    const fn name(self) -> &'static str {
        match self {
            Self::JobOpened => "job.opened",
            Self::JobClosed => "job.closed",
            Self::CandidateCreated => "candidate.created",
            Self::CandidateUpdated => "candidate.updated",
            Self::CandidateErased => "candidate.erased",
            Self::ImportCompleted => "import.completed",
            Self::ExportCompleted => "export.completed",
        }
    }
}

const SEED: u64 = 7;
const CLIENTS: u64 = 3;
const JOBS: u64 = 12;
const CANDIDATES: u64 = 60;
