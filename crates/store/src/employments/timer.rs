//! What a day brings by itself: the work begins, it ends, and new terms take effect.

use staffing::calendar::Date;
use staffing::employment::life::{EmploymentLife, EmploymentMove, EmploymentStatus, Setting};
use staffing::event::EmploymentEvent;

use super::{Changes, Employment, EmploymentId, Step, StoreError, TenantTx, due, save};

/// Moves on what is due, at most one part of the tenant's employments: those after `after`. The
/// last one looked at, when there may be more.
///
/// An employment whose tasks are not done stays in onboarding; its day has come all the same, so
/// it is looked at again.
///
/// # Errors
/// When the database fails, or somebody changed one of them meanwhile: try again later.
pub async fn keep_time(
    tx: &mut TenantTx,
    after: Option<EmploymentId>,
) -> Result<Option<EmploymentId>, StoreError> {
    let today = Date(tx.now().date());
    let found = due(tx, today, after).await?;
    let last = found.last().map(|employment| employment.id);
    for employment in found {
        let (changes, steps) = brought(&employment, tx.now(), today)?;
        if !steps.is_empty() {
            save(tx, &employment, changes, steps).await?;
        }
    }
    Ok(last)
}

fn brought(
    employment: &Employment,
    now: kernel::Timestamp,
    today: Date,
) -> Result<(Changes<'static>, Vec<Step>), StoreError> {
    let (mut changes, mut steps) = (Changes::default(), Vec::new());
    let (amendments, effective) = employment.amendments.clone().take_effect(today);
    if !effective.is_empty() && !employment.life.status.is_closed() {
        let mut terms = employment.terms.clone();
        for change in &effective {
            change.apply(&mut terms);
            let event = EmploymentEvent::AmendmentEffective.name();
            steps.push(Step { event, fields: change.names() });
        }
        changes.amendments = Some(amendments);
        changes.terms = Some(terms);
    }
    if let Some((life, step)) = moved(employment, now)? {
        changes.life = Some(life);
        steps.push(step);
    }
    Ok((changes, steps))
}

fn moved(
    employment: &Employment,
    now: kernel::Timestamp,
) -> Result<Option<(EmploymentLife, Step)>, StoreError> {
    let made = match employment.life.status {
        EmploymentStatus::Onboarding => EmploymentMove::Activate,
        EmploymentStatus::Offboarding => EmploymentMove::End,
        _ => return Ok(None),
    };
    let gist = employment.gist()?;
    let setting = Setting {
        now,
        start_date: gist.start_date,
        has_ground: true,
        has_form: true,
        has_tasks_done: gist.has_tasks_done(),
    };
    let step = Step { event: EmploymentEvent::of(made).name(), fields: vec!["status".to_owned()] };
    Ok(employment.life.apply(made, setting).ok().map(|life| (life, step)))
}
