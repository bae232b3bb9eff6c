//! May they? The only source of permits.

use std::sync::Arc;

use kernel::Problem;

use crate::App;
use crate::contract::Access;
use crate::decided::Decided;
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
    let judged = app.policy.judge(caller, action);
    // What the contract calls public out loud is decided for everybody, at start.
    if judged.is_err() || operation.access != Access::Public {
        dossier.decided(Decided::from(&judged));
    }
    dossier.found_permit(judged?);
    Ok(next.run(visit).await)
}
