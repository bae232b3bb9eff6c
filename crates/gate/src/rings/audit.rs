//! Witness every attempt, allowed or not. Outside identity and policy, so that what they refuse is
//! witnessed too.
//!
//! Changes write their own entries, in their own transactions. Here are the attempts and decisions
//! that change nothing: refusals wait until they are on disk, permitted reads share a commit.

use std::sync::Arc;

use kernel::{EventId, Problem};
use store::StoreError;
use watch::{Actor, Decision, Event, Scene};

use crate::decided::Decided;
use crate::ring::{Next, Response, Ring, Visit};
use crate::{App, Dossier};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("audit", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = Arc::clone(&visit.dossier);
    // A caller who hangs up does not escape the audit trail.
    let mut unwitnessed = Unwitnessed { app, dossier, armed: true };
    let response = next.run(visit).await;
    unwitnessed.armed = false;
    let (app, dossier) = (&unwitnessed.app, &unwitnessed.dossier);
    let Err(error) = record(app, dossier).await else { return Ok(response) };
    // A change was recorded with itself; taking its reply away would only make the caller repeat
    // it. Anything else is not answered when it cannot be witnessed.
    let is_change = !dossier.method.is_safe() && dossier.attempt().is_none();
    if is_change && response.status().is_success() {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, request_id = %dossier.request_id, "decision not recorded");
        return Ok(response);
    }
    Err(error.into())
}

/// Hands what was found out to the recorder when the request is dropped half-way.
struct Unwitnessed {
    app: Arc<App>,
    dossier: Arc<Dossier>,
    armed: bool,
}

impl Drop for Unwitnessed {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let (app, dossier) = (&self.app, &self.dossier);
        let decisions = decisions(app, dossier).map(|(event, _)| event);
        for event in attempt(app, dossier).into_iter().chain(decisions) {
            if !app.recorder.offer(event) {
                tracing::error!(request_id = %dossier.request_id, "entry not recorded");
            }
        }
    }
}

/// Writes down what is known about the request: an attempt, decisions, or neither. Rings outside
/// of this one call it for what they refuse.
pub(super) async fn record(app: &App, dossier: &Dossier) -> Result<(), StoreError> {
    if let Some(event) = attempt(app, dossier) {
        app.recorder.witness(event).await?;
    }
    for (event, allowed) in decisions(app, dossier) {
        if allowed {
            app.recorder.note(event).await?;
        } else {
            app.recorder.witness(event).await?;
        }
    }
    Ok(())
}

fn attempt(app: &App, dossier: &Dossier) -> Option<Event> {
    let attempt = dossier.attempt()?.clone();
    Some(Event::authentication(EventId::new(app.clock.as_ref()), &dossier.scene(), attempt))
}

/// What the policy said about the operation, then what it said to its handler, each with whether it
/// was allowed.
fn decisions(app: &App, dossier: &Dossier) -> impl Iterator<Item = (Event, bool)> {
    let operation = dossier.operation();
    let own = operation.zip(dossier.decision()).map(|(operation, decided)| {
        (dossier.caller().cloned(), operation.action.clone(), decided.clone())
    });
    let further = dossier.take_further().into_iter();
    let further = further.map(|one| (Some(one.caller), one.action, one.decided));
    own.into_iter().chain(further).map(move |(caller, action, decided)| {
        let Decided { allowed, reason, policies } = decided;
        let operation = operation.map_or_else(String::new, |operation| operation.label.clone());
        let decision = Decision { operation, action, allowed, reason, policies, resource: None };
        let actor = caller.as_deref().map_or(Actor::Anonymous, store::actor);
        let tenant = caller.and_then(|caller| caller.tenant());
        let scene = Scene { tenant, ..dossier.scene() };
        (Event::decision(EventId::new(app.clock.as_ref()), &scene, &actor, decision), allowed)
    })
}
