//! Two agencies with made-up people, for trying things out. The same data for everybody.

pub(crate) mod apart;

use kernel::{CandidateId, Email, Line, Slug, Timestamp};
use policy::{Environment, Permit, Role};
use staffing::calendar::Date;
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::{Basis, Consent, ConsentStatus};
use staffing::candidate::life::{CandidateStatus, retain_until};
use staffing::employment::EmploymentDraft;
use staffing::employment::life::{self, EmploymentMove};
use staffing::event::{EmploymentEvent, JobEvent};
use staffing::job::JobDraft;
use staffing::job::Visibility;
use staffing::job::life::{CloseReason, JobLife, JobMove, Setting};
use staffing::synthetic;
use store::jobs::Step;
use store::{StoreError, TenantTx};
use store::{candidates, clients, employments, jobs, partners, tenants};
use tokio::sync::mpsc;

use crate::partner::asking;
use crate::ready::{ReadyPartner, ReadyTenant};
use crate::registration::{self, Invited, Partner, Person, Registered};
use crate::wire::Base;

/// An agency of the demonstration.
struct Agency {
    slug: &'static str,
    name: &'static str,
    partner: &'static str,
    seed: u64,
}

/// Whether both agencies are there whole.
async fn is_filled(base: &Base) -> Result<bool, StoreError> {
    let known = tenants::list(&base.store).await?;
    for agency in AGENCIES {
        let known = known.iter().find(|tenant| tenant.slug.as_str() == agency.slug);
        let Some(tenant) = known else { return Ok(false) };
        let permit = base.policy.system(tenant.id, "bootstrap");
        if partners::list(&base.store.view(&permit).await?).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fills what is missing here and now; secrets of the partners that were made.
///
/// # Errors
/// When the database fails; an agency is there whole or not at all.
pub(crate) async fn fill(
    base: &Base,
    environment: Environment,
) -> Result<Vec<ReadyTenant>, StoreError> {
    let mut ready = Vec::new();
    for agency in AGENCIES {
        let known = tenants::list(&base.store).await?;
        let known = known.into_iter().find(|tenant| tenant.slug.as_str() == agency.slug);
        let witness = registration::witness(base, "serve --demo");
        let permit = match known {
            Some(tenant) => base.policy.system(tenant.id, "bootstrap"),
            None => {
                let slug = Slug::parse(agency.slug)
                    .map_err(|error| StoreError::Setup(error.to_string()))?;
                registration::found(base, &witness, (agency.name, slug, environment)).await?
            }
        };
        if partners::list(&base.store.view(&permit).await?).await?.is_empty() {
            let mut tx = base.store.tenant(&permit, &witness).await?;
            let registered = populate(base, &mut tx, agency).await?;
            let staff = staff(base, &mut tx, agency).await?;
            tx.commit(None).await?;
            ready.push(ready_tenant(&permit, agency, (registered, staff)));
        }
    }
    Ok(ready)
}

fn ready_tenant(
    permit: &Permit,
    agency: &Agency,
    (registered, staff): (Registered, Vec<Invited>),
) -> ReadyTenant {
    ReadyTenant {
        id: permit.tenant().map(|id| id.to_string()).unwrap_or_default(),
        slug: agency.slug.to_owned(),
        partners: vec![ReadyPartner {
            client_id: registered.client_id,
            client_secret: Some(registered.client_secret),
            scopes: registered.scopes,
            redirect_uris: vec![CALLBACK.to_owned()],
        }],
        staff,
    }
}

/// One transaction an agency: it is there whole, with its partner, or not at all.
async fn populate(
    base: &Base,
    tx: &mut TenantTx,
    agency: &Agency,
) -> Result<Registered, StoreError> {
    let drafts = people(agency.seed);
    let mut owners = Vec::new();
    for draft in synthetic::clients(agency.seed, CLIENTS) {
        owners.push(clients::add(tx, &draft).await?.id);
    }
    let today = Date(tx.now().date());
    for (index, draft) in synthetic::jobs(agency.seed, JOBS, &owners, today).into_iter().enumerate()
    {
        lead(tx, draft, index).await?;
    }
    let workers = write_down(tx, drafts).await?;
    let workers: Vec<_> = workers.iter().map(|(id, draft)| (*id, draft)).collect();
    let engaged = synthetic::employments(agency.seed, &workers, &owners, today);
    for (index, draft) in engaged.iter().enumerate() {
        engage(tx, draft, index).await?;
    }
    let scopes = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
    let partner = Partner { name: agency.partner, role: Role::Partner, scopes };
    let registered = registration::register(base, tx, partner).await?;
    // Whoever tries it out has a program on this machine, or none and a browser's address bar.
    let uses = asking(vec![CALLBACK.to_owned()], (true, false));
    partners::set_uses(tx, &registered.client_id, &uses).await?;
    Ok(registered)
}

/// An agency's own people: who administers it, and who does its work.
async fn staff(
    base: &Base,
    tx: &mut TenantTx,
    agency: &Agency,
) -> Result<Vec<Invited>, StoreError> {
    let odd = |error: &dyn std::error::Error| StoreError::Setup(error.to_string());
    let mut invited = Vec::new();
    for (local, name, role) in STAFF {
        let email = format!("{local}@{}.example", agency.slug);
        let person = Person {
            email: Email::parse(&email).map_err(|error| odd(&error))?,
            name: Line::parse(name).map_err(|error| odd(&error))?,
            role: *role,
        };
        invited.push(registration::take_on(base, tx, agency.slug, person).await?);
    }
    Ok(invited)
}

/// Writes the candidates down, many at once; those who will be engaged.
async fn write_down(
    tx: &mut TenantTx,
    mut drafts: mpsc::Receiver<CandidateDraft>,
) -> Result<Vec<(CandidateId, CandidateDraft)>, StoreError> {
    let (mut index, mut workers) = (0, Vec::new());
    let mut ready = Vec::with_capacity(AHEAD);
    while drafts.recv_many(&mut ready, AHEAD).await > 0 {
        let now = tx.now();
        let many: Vec<_> =
            ready.drain(..).zip(index..).map(|(draft, at)| (draft, state(now, at))).collect();
        index += many.len();
        let ids = candidates::add_all(tx, &many, None).await?;
        let wanted = EMPLOYMENTS.saturating_sub(workers.len());
        let known = ids.into_iter().zip(many).map(|(id, (draft, _))| (id, draft));
        workers.extend(known.take(wanted));
    }
    Ok(workers)
}

/// An agency's candidates, made up beside the work on the database and a few ahead of it.
fn people(seed: u64) -> mpsc::Receiver<CandidateDraft> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for draft in synthetic::candidates(seed, CANDIDATES) {
            if sender.blocking_send(draft).is_err() {
                // Nobody wants more: the filling has failed, and says so itself.
                return;
            }
        }
    });
    receiver
}

/// Of ten jobs: one stays a draft, one is paused, one is closed, seven are open.
async fn lead(tx: &mut TenantTx, mut draft: JobDraft, index: usize) -> Result<(), StoreError> {
    let moves: &[JobMove] = match index % 10 {
        0 => &[],
        1 => &[JobMove::Open, JobMove::Pause],
        2 => &[JobMove::Open, JobMove::Close(CloseReason::Expired)],
        _ => &[JobMove::Open],
    };
    // Every third job is for all to see once it is open.
    if index.is_multiple_of(3) && draft.visibility == Visibility::Internal {
        draft.visibility = Visibility::Public;
    }
    let setting = Setting { now: tx.now(), openings: draft.openings.value(), auto_approve: true };
    let (mut life, mut steps) = (JobLife::default(), Vec::new());
    for made in moves {
        life = life.apply(*made, setting).map_err(|error| StoreError::Setup(error.to_string()))?;
        steps.push(step(JobEvent::of(*made), "status"));
    }
    jobs::add_led(tx, draft, life, steps).await?;
    Ok(())
}

/// Of five employments: one stays a draft, one is submitted, one is on leave, two are active.
async fn engage(
    tx: &mut TenantTx,
    draft: &EmploymentDraft,
    index: usize,
) -> Result<(), StoreError> {
    use EmploymentMove::{Activate, Approve, StartLeave, Submit};
    let moves: &[EmploymentMove] = match index % 5 {
        0 => &[],
        1 => &[Submit],
        2 => &[Submit, Approve, Activate, StartLeave],
        _ => &[Submit, Approve, Activate],
    };
    let employment = employments::add(tx, draft).await?;
    let setting = life::Setting {
        now: tx.now(),
        start_date: draft.start_date,
        has_ground: true,
        has_form: draft.lacks().is_empty(),
        has_tasks_done: employment.gist()?.has_tasks_done(),
    };
    let (mut life, mut steps) = (employment.life, Vec::new());
    for made in moves {
        life = life.apply(*made, setting).map_err(|error| StoreError::Setup(error.to_string()))?;
        let event = EmploymentEvent::of(*made).name();
        steps.push(employments::Step { event, fields: vec!["status".to_owned()] });
    }
    if !steps.is_empty() {
        let changes = employments::Changes { life: Some(life), ..Default::default() };
        employments::save(tx, &employment, changes, steps).await?;
    }
    Ok(())
}

fn step(event: JobEvent, field: &str) -> Step {
    Step { event: event.name(), fields: vec![field.to_owned()] }
}

fn state(now: Timestamp, index: usize) -> candidates::State {
    let status = match index % 20 {
        0 => CandidateStatus::New,
        1 => CandidateStatus::Dormant,
        2 => CandidateStatus::Blocked,
        _ => CandidateStatus::Active,
    };
    let consent = Consent {
        status: ConsentStatus::Granted,
        granted_at: Some(now),
        ..Consent::pending(Basis::Consent)
    };
    candidates::State { status, consent, retain_until: Some(retain_until(now, MONTHS)) }
}

const AGENCIES: &[Agency] = &[
    Agency { slug: "acme", name: "Acme Talent", partner: "Acme careers site", seed: 1 },
    Agency { slug: "globex", name: "Globex Staffing", partner: "Globex ATS", seed: 2 },
];
const STAFF: &[(&str, &str, Role)] =
    &[("admin", "Ada Moreira", Role::SystemAdmin), ("recruiter", "Rui Tavares", Role::Recruiter)];
/// Of any port.
const CALLBACK: &str = "http://127.0.0.1/callback";
const CLIENTS: u64 = 12;
const JOBS: u64 = 200;
const CANDIDATES: u64 = 1_000;
const EMPLOYMENTS: usize = 40;
const AHEAD: usize = 64;
const MONTHS: u32 = 24;
const SCOPES: &[&str] = &[
    "read:jobs",
    "write:jobs",
    "read:clients",
    "write:clients",
    "read:candidates",
    "read:candidates.pii",
    "write:candidates",
    "erase:candidates",
    "read:matches",
    "write:matches",
    "read:employments",
    "read:employments.pii",
    "write:employments",
    "run:imports",
    "run:exports",
    "read:changes",
    "read:events",
];
