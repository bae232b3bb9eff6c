//! Witness every attempt, allowed or not. Outside identity and policy, so that what they refuse is
//! witnessed too.
//!
//! Changes write their own entries, in their own transactions. Here are the attempts and decisions
//! that change nothing: refusals wait until they are on disk, permitted reads share a commit.

use std::sync::Arc;

use kernel::{EventId, Problem};
use store::StoreError;
use watch::{Decision, Event};

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
        for event in [attempt(&self.app, &self.dossier), decision(&self.app, &self.dossier)] {
            let taken = event.is_none_or(|event| self.app.recorder.offer(event));
            if !taken {
                tracing::error!(request_id = %self.dossier.request_id, "entry not recorded");
            }
        }
    }
}

/// Writes down what is known about the request: an attempt, a decision, or neither. Rings outside
/// of this one call it for what they refuse.
pub(super) async fn record(app: &App, dossier: &Dossier) -> Result<(), StoreError> {
    if let Some(event) = attempt(app, dossier) {
        app.recorder.witness(event).await?;
    }
    let Some(event) = decision(app, dossier) else { return Ok(()) };
    if dossier.decision().is_some_and(|decided| decided.allowed) {
        app.recorder.note(event).await
    } else {
        app.recorder.witness(event).await
    }
}

fn attempt(app: &App, dossier: &Dossier) -> Option<Event> {
    let attempt = dossier.attempt()?.clone();
    Some(Event::authentication(EventId::new(app.clock.as_ref()), &dossier.scene(), attempt))
}

fn decision(app: &App, dossier: &Dossier) -> Option<Event> {
    let (decided, operation) = (dossier.decision()?, dossier.operation()?);
    let actor = dossier.caller().map_or(watch::Actor::Anonymous, |caller| store::actor(caller));
    let decision = Decision {
        operation: operation.label.clone(),
        action: operation.action.clone(),
        allowed: decided.allowed,
        reason: decided.reason,
        policies: decided.policies.clone(),
        resource: None,
    };
    Some(Event::decision(EventId::new(app.clock.as_ref()), &dossier.scene(), &actor, decision))
}
