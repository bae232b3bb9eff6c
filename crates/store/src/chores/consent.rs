//! What time does to candidates: consent runs out, the quiet become dormant, whose time is up is
//! erased, and so is who asked for it.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use staffing::candidate::life::{CandidateMove, CandidateStatus, months_before};
use staffing::employment::life::EmploymentStatus;
use staffing::event::CandidateEvent;

use super::Progress;
use crate::candidates::{self, Candidate, State, Step};
use crate::entities::candidate::{Column, Entity};
use crate::entities::employment;
use crate::{StoreError, TenantTx, tenants};

/// Does what is due to some candidates.
pub(super) async fn step(mut tx: TenantTx) -> Result<Progress, StoreError> {
    let mut left = STEP_MAX;
    for what in [What::Expire, What::Rest, What::Forget, What::Erase] {
        for candidate in due(&tx, what, left).await? {
            make(&mut tx, what, &candidate).await?;
            left = left.saturating_sub(1);
        }
    }
    let next = tx.real_now().plus(EVERY);
    tx.commit(None).await?;
    Ok(if left == 0 { Progress::More } else { Progress::Until(next) })
}

/// What time does.
#[derive(Clone, Copy)]
enum What {
    /// Consent runs out.
    Expire,
    /// Nothing was heard of somebody for long.
    Rest,
    /// The time is up for which somebody's data is kept.
    Forget,
    /// Somebody is to be erased.
    Erase,
}

/// To whom something is due, the longest ago first.
async fn due(tx: &TenantTx, what: What, most: u64) -> Result<Vec<Candidate>, StoreError> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let now = tx.now();
    let is = |status: CandidateStatus| Column::Status.eq(status.as_str());
    let condition = match what {
        What::Expire => Condition::all()
            .add(Column::ConsentUntil.lte(now.millis()))
            .add(is(CandidateStatus::Erased).not()),
        What::Rest => {
            let months = tenants::own(tx).await?.settings.dormant_months;
            let quiet_since = months_before(now, months.into());
            Condition::all()
                .add(is(CandidateStatus::Active))
                .add(Column::UpdatedAt.lte(quiet_since.millis()))
        }
        What::Forget => Condition::all()
            .add(Column::RetainUntil.lte(now.millis()))
            .add(is(CandidateStatus::ErasureRequested).not())
            .add(is(CandidateStatus::Erased).not())
            .add(is_not_employed(tx)),
        What::Erase => {
            Condition::all().add(is(CandidateStatus::ErasureRequested)).add(is_not_employed(tx))
        }
    };
    let query = tx.find::<Entity>().filter(condition);
    let rows = query.order_by_asc(Column::UpdatedAt).limit(most).all(&tx.session).await?;
    rows.into_iter().map(Candidate::try_from).collect()
}

/// Who is being employed through the agency is erased after that (GDPR Art. 17(3)(b)).
fn is_not_employed(tx: &TenantTx) -> Expr {
    let closed = [EmploymentStatus::Ended.as_str(), EmploymentStatus::Cancelled.as_str()];
    let employed = tx
        .find::<employment::Entity>()
        .filter(employment::Column::Status.is_not_in(closed))
        .select_only()
        .column(employment::Column::CandidateId)
        .into_query();
    Column::Id.not_in_subquery(employed)
}

async fn make(tx: &mut TenantTx, what: What, read: &Candidate) -> Result<(), StoreError> {
    let moved = |attempted: CandidateMove| -> Result<(State, Step), StoreError> {
        let status = read.status.apply(attempted).map_err(|_| impossible(read))?;
        let fields = vec!["status".to_owned()];
        let event = CandidateEvent::of(attempted).name();
        Ok((State { status, ..read.state() }, Step { event, fields }))
    };
    let (state, step) = match what {
        What::Expire => {
            let consent = read.consent.clone().expire(tx.now()).map_err(|_| impossible(read))?;
            let event = CandidateEvent::Updated.name();
            let step = Step { event, fields: vec!["consent".to_owned()] };
            (State { consent, ..read.state() }, step)
        }
        What::Rest => moved(CandidateMove::Rest)?,
        What::Forget => moved(CandidateMove::RequestErasure)?,
        What::Erase => {
            candidates::erase(tx, read).await?;
            return Ok(());
        }
    };
    candidates::save(tx, read, None, state, step).await?;
    Ok(())
}

fn impossible(candidate: &Candidate) -> StoreError {
    StoreError::Inconsistent {
        table: "candidate",
        id: candidate.id.to_string(),
        what: "what is due to it is not a legal move".to_owned(),
    }
}

const STEP_MAX: u64 = 200;
const EVERY: Duration = Duration::from_secs(60);
