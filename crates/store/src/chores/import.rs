//! Carries an import out, some lines at a time.
//!
//! Lines, their results and how far we have come are one transaction: whatever ends the process,
//! the next step goes on where the last one was committed.

use std::collections::{HashMap, HashSet};

use kernel::{CandidateId, FieldError, ImportId, Purpose};
use serde_json::{Value, json};
use staffing::bulk::{self, Record};
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::{Basis, Consent};
use staffing::candidate::life::{CandidateStatus, retain_until};
use staffing::event::CandidateEvent;
use staffing::merge::changed_fields;

use super::Progress;
use crate::candidates::{self, Candidate, State, Step};
use crate::imports::{self, Import, ImportStatus, LineResult, Outcome, Spot, Tally};
use crate::{StoreError, TenantTx, tenants};

/// Carries out some lines.
pub(super) async fn step(mut tx: TenantTx, id: ImportId) -> Result<Progress, StoreError> {
    // A sandbox that was started anew has no import any more.
    let read = match imports::require(&tx, id).await {
        Err(StoreError::Missing) => return Ok(Progress::Done),
        found => found?,
    };
    if read.status != ImportStatus::Running {
        return Ok(Progress::Done);
    }
    let records = slice(&tx, &read).await?;
    let import = match records.is_empty() {
        true => turned(&tx, &read),
        false => {
            let results = carry_out(&mut tx, &read, records).await?;
            imports::keep_results(&tx, id, &results).await?;
            let place = Spot { record: read.place.record + length(&results), ..read.place };
            let tally = counted(read.tally, &results);
            Import { place, tally, version: read.version + 1, ..read.clone() }
        }
    };
    let is_over = import.status == ImportStatus::Completed;
    imports::save(&mut tx, &read, &import, is_over.then_some(Some("import.completed"))).await?;
    if is_over {
        imports::forget_parts(&tx, id).await?;
    }
    tx.commit(None).await?;
    Ok(if is_over { Progress::Done } else { Progress::More })
}

/// The next records of the present part; none at its end.
async fn slice(tx: &TenantTx, read: &Import) -> Result<Vec<Record>, StoreError> {
    let part = imports::part(tx, read.id, read.place.part).await?;
    let skip = usize::try_from(read.place.record).unwrap_or(usize::MAX);
    // It was counted when it came, so it can be cut.
    read.format.records(part.expose(), skip, STEP_MAX).map_err(|_| StoreError::Inconsistent {
        table: "import_part",
        id: read.id.to_string(),
        what: "no records".to_owned(),
    })
}

/// Goes on to the next part, or ends behind the last one.
fn turned(tx: &TenantTx, read: &Import) -> Import {
    let place = Spot { part: read.place.part + 1, record: 0 };
    let import = Import { place, version: read.version + 1, ..read.clone() };
    if read.parts.is_some_and(|parts| place.part <= parts) {
        return import;
    }
    Import { status: ImportStatus::Completed, ended_at: Some(tx.now()), ..import }
}

/// What the database knows about the candidates of some lines.
struct Known {
    by_ref: HashMap<String, Candidate>,
    by_email: HashMap<Vec<u8>, CandidateId>,
    suppressed: HashSet<Vec<u8>>,
}

/// A line that can be carried out.
struct Line {
    draft: CandidateDraft,
    reference: String,
    email: Vec<u8>,
}

async fn carry_out(
    tx: &mut TenantTx,
    import: &Import,
    records: Vec<Record>,
) -> Result<Vec<LineResult>, StoreError> {
    let lines: Vec<_> = records.into_iter().map(|record| line(tx, record)).collect();
    let known = known(tx, &lines).await?;
    let months = tenants::own(tx).await?.settings.candidate_months;
    let state = State {
        status: CandidateStatus::default(),
        consent: Consent::pending(Basis::Consent),
        retain_until: Some(retain_until(tx.now(), months.into())),
    };
    let (mut results, mut new) = (Vec::with_capacity(lines.len()), Vec::new());
    let mut fresh = HashSet::new();
    for (line, number) in lines.into_iter().zip(import.tally.done + 1..) {
        let result = match line {
            Err(errors) => failed(number, &errors),
            // Twice in one step: the step ends before the second, which then finds the first.
            Ok(line) if fresh.contains(line.reference.as_bytes()) => break,
            Ok(line) if fresh.contains(&line.email) => break,
            Ok(line) => match refusal(&known, &line) {
                Some(error) => failed(number, &[error]),
                None => match known.by_ref.get(&line.reference) {
                    Some(read) => {
                        fresh.insert(line.reference.into_bytes());
                        fresh.insert(line.email);
                        update(tx, number, read, &line.draft).await?
                    }
                    None => {
                        fresh.insert(line.reference.into_bytes());
                        fresh.insert(line.email);
                        new.push((results.len(), line.draft));
                        told(number, Outcome::Created, None)
                    }
                },
            },
        };
        results.push(result);
    }
    let with_state = |(place, draft)| (place, (draft, state.clone()));
    let (places, drafts): (Vec<usize>, Vec<_>) = new.into_iter().map(with_state).unzip();
    let ids = candidates::add_all(tx, &drafts, Some(&import.created_by)).await?;
    for (place, id) in places.into_iter().zip(ids) {
        if let Some(result) = results.get_mut(place) {
            result.candidate = Some(id);
        }
    }
    Ok(results)
}

fn line(tx: &TenantTx, record: Record) -> Result<Line, Vec<FieldError>> {
    let draft = bulk::draft(record)?;
    let Some(reference) = draft.external_ref.as_ref().map(ToString::to_string) else {
        let needed = "expected a reference: it tells whether the line was carried out before";
        return Err(vec![FieldError::new("/external_ref", "required", needed)]);
    };
    let email = candidates::email_index(tx, &draft.email);
    Ok(Line { draft, reference, email })
}

async fn known(
    tx: &TenantTx,
    lines: &[Result<Line, Vec<FieldError>>],
) -> Result<Known, StoreError> {
    let lines = || lines.iter().flatten();
    let emails: Vec<_> = lines().map(|line| line.email.clone()).collect();
    let references = lines().map(|line| line.reference.clone()).collect();
    Ok(Known {
        by_ref: candidates::by_reference(tx, references).await?,
        by_email: candidates::by_email(tx, emails.clone()).await?,
        suppressed: candidates::suppressed(tx, emails).await?,
    })
}

/// Why a line may not be carried out.
fn refusal(known: &Known, line: &Line) -> Option<FieldError> {
    let own = known.by_ref.get(&line.reference);
    let other = known.by_email.get(&line.email);
    if own.is_some_and(|own| own.status == CandidateStatus::ErasureRequested) {
        let detail = "the candidate of this reference is being erased";
        return Some(FieldError::new("/external_ref", "being_erased", detail));
    }
    if other.is_some_and(|id| own.is_none_or(|own| own.id != *id)) {
        let detail = "another candidate has this address";
        return Some(FieldError::new("/email", "taken", detail));
    }
    if known.suppressed.contains(&line.email) {
        let detail = "this person asked to be forgotten";
        return Some(FieldError::new("/email", "suppressed", detail));
    }
    None
}

async fn update(
    tx: &mut TenantTx,
    number: i64,
    read: &Candidate,
    draft: &CandidateDraft,
) -> Result<LineResult, StoreError> {
    let before = read.draft(tx, Purpose::Change)?.document(Purpose::Change);
    let fields = changed_fields(&before, &draft.document(Purpose::Change));
    if fields.is_empty() {
        return Ok(told(number, Outcome::Unchanged, Some(read.id)));
    }
    let step = Step { event: CandidateEvent::Updated.name(), fields };
    candidates::save(tx, read, Some(draft), read.state(), step).await?;
    Ok(told(number, Outcome::Updated, Some(read.id)))
}

const fn told(line: i64, outcome: Outcome, candidate: Option<CandidateId>) -> LineResult {
    LineResult { line, outcome, candidate, errors: Value::Null }
}

fn failed(line: i64, errors: &[FieldError]) -> LineResult {
    let errors = errors.iter().take(ERRORS_MAX).collect::<Vec<_>>();
    LineResult { errors: json!(errors), ..told(line, Outcome::Failed, None) }
}

fn counted(before: Tally, results: &[LineResult]) -> Tally {
    let of = |outcome| {
        let count = results.iter().filter(|result| result.outcome == outcome).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    Tally {
        done: before.done + length(results),
        created: before.created + of(Outcome::Created),
        updated: before.updated + of(Outcome::Updated),
        unchanged: before.unchanged + of(Outcome::Unchanged),
        failed: before.failed + of(Outcome::Failed),
    }
}

fn length(results: &[LineResult]) -> i64 {
    i64::try_from(results.len()).unwrap_or(i64::MAX)
}

const STEP_MAX: usize = 500;
const ERRORS_MAX: usize = 10;
