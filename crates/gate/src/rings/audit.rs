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
    let response = next.run(visit).await;
    match record(&app, &dossier).await {
        Ok(()) => Ok(response),
        // A change was recorded with itself; taking its reply away would only make the caller
        // repeat it. Anything else is not answered when it cannot be witnessed.
        Err(error) if dossier.method.is_safe() || response.status().is_client_error() => {
            Err(error.into())
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, request_id = %dossier.request_id, "decision not recorded");
            Ok(response)
        }
    }
}

async fn record(app: &App, dossier: &Dossier) -> Result<(), StoreError> {
    let clock = app.clock.as_ref();
    if let Some(attempt) = dossier.attempt() {
        let id = EventId::new(clock);
        let event = Event::authentication(id, &dossier.scene(), attempt.clone());
        app.recorder.witness(event).await?;
    }
    let Some(decided) = dossier.decision() else { return Ok(()) };
    let Some(operation) = dossier.operation() else { return Ok(()) };
    let actor = dossier.caller().map_or(watch::Actor::Anonymous, |caller| store::actor(caller));
    let decision = Decision {
        operation: operation.label.clone(),
        action: operation.action.clone(),
        allowed: decided.allowed,
        reason: decided.reason,
        policies: decided.policies.clone(),
        resource: None,
    };
    let event = Event::decision(EventId::new(clock), &dossier.scene(), &actor, decision);
    if decided.allowed { app.recorder.note(event).await } else { app.recorder.witness(event).await }
}
