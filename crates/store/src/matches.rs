//! Matches: a candidate considered for a job. One for each pair, scored by the latest run that saw
//! something new, and moved by nobody but its own life cycle.

mod follow;
mod row;
mod score;

use kernel::{CandidateId, JobId, MatchId, MatchRunId, Pii, Prose, Purpose, Timestamp};
use matching::{Assessment, Points};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use staffing::matches::{MatchLife, Stage};

use crate::entities::job_match::{Column, Entity};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::sealed::{Level, Sealed};
use crate::{StoreError, TenantTx, TenantView};

pub(crate) use follow::{drop_all, follow, forget, hand_over};
pub(crate) use score::score;

/// What somebody says about a decision. Personal.
pub type Note = Pii<Prose<2_000>>;

/// A match as stored: the note is still sealed.
#[derive(Clone)]
pub struct Match {
    /// Its id.
    pub id: MatchId,
    /// For which job.
    pub job_id: JobId,
    /// Who.
    pub candidate_id: CandidateId,
    /// The run whose scores these are.
    pub run_id: MatchRunId,
    /// Whether every gate is open.
    pub eligible: bool,
    /// The score.
    pub score: Points,
    /// Gates, criteria and evidence; none once the candidate was erased.
    pub assessment: Option<Assessment>,
    /// How far they have come.
    pub life: MatchLife,
    /// What was said about the last decision, sealed.
    pub note: Sealed,
    /// Who asked for the first score.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When the scores last changed.
    pub scored_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes from 1.
    pub version: i64,
}

/// Which matches.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those for this job.
    pub job_id: Option<JobId>,
    /// Only those of this candidate.
    pub candidate_id: Option<CandidateId>,
    /// Only those that have come this far.
    pub stage: Option<Stage>,
    /// Only those to whom every gate is open, or only the others.
    pub eligible: Option<bool>,
    /// Only those with so many points, or more.
    pub min_score: Option<Points>,
}

/// Where a list of matches has come to.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Eligible ones first, then by score.
    pub place: i64,
    /// Its id.
    pub id: MatchId,
}

/// What a move of a match is, for the journal.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The event's name.
    pub event: &'static str,
    /// Names of the members that changed.
    pub fields: &'static [&'static str],
}

impl Match {
    /// The note on the last decision, opened for a stated purpose.
    ///
    /// # Errors
    /// When it does not open.
    pub fn note(
        &self,
        view: &TenantView,
        purpose: Purpose,
    ) -> Result<Option<Pii<String>>, StoreError> {
        let opened = self.note.join(view, json!({}), purpose)?;
        let text = opened.open(purpose).get(NOTE).and_then(Value::as_str);
        Ok(text.map(|text| Pii::new(text.to_owned())))
    }

    /// The order of lists: eligible ones first, then by score.
    const fn place(&self) -> i64 {
        place(self.eligible, self.score)
    }
}

const fn place(eligible: bool, score: Points) -> i64 {
    score.parts() as i64 + if eligible { ELIGIBLE } else { 0 }
}

/// Writes a move over the version that was read. A note stands for the decision that it is about:
/// with another decision the old one goes.
///
/// # Errors
/// [`StoreError::Stale`] when it has changed since; [`StoreError::Dangling`] when the employment
/// that is to follow is not the candidate's, or not for the job's client.
pub async fn save(
    tx: &mut TenantTx,
    read: &Match,
    life: MatchLife,
    note: Option<&Note>,
    step: Step,
) -> Result<Match, StoreError> {
    if let Some(employment) = life.employment_id.filter(|_| read.life.employment_id.is_none()) {
        follow::must_be_theirs(tx, read, employment).await?;
    }
    let mut changed = Match { updated_at: tx.now(), version: read.version + 1, ..read.clone() };
    if life.decision != read.life.decision {
        changed.note = seal(tx, read.id, note);
    }
    changed.life = life;
    write(tx, read, &changed, Some(step)).await?;
    Ok(changed)
}

/// A match by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: MatchId) -> Result<Match, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A page of matches, the best first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<Place>,
) -> Result<Page<Match, Place>, StoreError> {
    let after = page.after.map(|after| {
        let same =
            Condition::all().add(Column::Place.eq(after.place)).add(Column::Id.lt(after.id.uuid()));
        Condition::any().add(Column::Place.lt(after.place)).add(same)
    });
    let conditions = [
        filter.job_id.map(|id| Column::JobId.eq(id.uuid())),
        filter.candidate_id.map(|id| Column::CandidateId.eq(id.uuid())),
        filter.stage.map(|stage| Column::Stage.eq(stage.as_str())),
        filter.eligible.map(|eligible| Column::Eligible.eq(eligible)),
        filter.min_score.map(|least| Column::Score.gte(i64::from(least.parts()))),
    ];
    let all = conditions.into_iter().flatten().fold(Condition::all(), Condition::add);
    let rows = view
        .find::<Entity>()
        .filter(all)
        .filter(after.unwrap_or_else(Condition::all))
        .order_by_desc(Column::Place)
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .all(&view.session)
        .await?;
    let items = rows.into_iter().map(Match::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, page.limit, |found| Place { place: found.place(), id: found.id }))
}

/// Writes a match over the version that was read. Without a step nobody is told more than that it
/// changed.
async fn write(
    tx: &mut TenantTx,
    read: &Match,
    changed: &Match,
    step: Option<Step>,
) -> Result<(), StoreError> {
    let update = Entity::update_many()
        .set(row::of(tx, changed))
        .filter(Column::Id.eq(changed.id.uuid()))
        .filter(Column::Version.eq(read.version));
    if tx.update(update, record(changed, Change::Updated, step)).await? {
        return Ok(());
    }
    Err(StoreError::Stale { current: require(tx, read.id).await?.version })
}

fn seal(view: &TenantView, id: MatchId, note: Option<&Note>) -> Sealed {
    let text = note.map(|note| note.open(Purpose::Seal).as_str());
    let document = Pii::new(json!({ NOTE: text }));
    Sealed::split(view, Level::Personal, (TABLE, id.uuid()), &[NOTE], &document)
}

fn record(changed: &Match, change: Change, step: Option<Step>) -> Record {
    let fields = step.map_or(&[][..], |step| step.fields);
    Record {
        resource: "match",
        id: changed.id.uuid(),
        printed: changed.id.to_string(),
        version: changed.version,
        change,
        event: step.map(|step| step.event),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: MatchId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: TABLE, id: id.to_string(), what: what.to_owned() }
}

const TABLE: &str = "job_match";
const NOTE: &str = "decision_note";
/// More than any score.
const ELIGIBLE: i64 = 2_000_000;
