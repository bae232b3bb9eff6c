//! May they? The only source of permits.

use std::sync::Arc;

use kernel::Problem;

use crate::App;
use crate::contract::Access;
use crate::dossier::Decided;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("policy", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = &visit.dossier;
    let (Some(operation), Some(caller)) = (dossier.operation(), dossier.caller()) else {
        return Err(Problem::internal("policy asked without operation or caller"));
    };
    let Some(action) = app.actions.get(operation.index) else {
        return Err(Problem::internal("operation without action"));
    };
    match app.policy.judge(caller, action) {
        Ok(permit) => {
            // What the contract calls public out loud is decided for everybody, at start.
            if operation.access != Access::Public {
                let policies = permit.policies().iter().map(ToString::to_string).collect();
                dossier.decided(Decided { allowed: true, reason: None, policies });
            }
            dossier.found_permit(permit);
        }
        Err(refusal) => {
            let policies = refusal.policies.iter().map(ToString::to_string).collect();
            let reason = Some(refusal.reason.name());
            dossier.decided(Decided { allowed: false, reason, policies });
            return Err(refusal.into());
        }
    }
    Ok(next.run(visit).await)
}
