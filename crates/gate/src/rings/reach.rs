//! From where a tenant, a client or an operation may be reached (control: WAF-2). Right behind
//! identity, which says who calls, and inside audit, which writes the refusal down.

use std::sync::Arc;

use kernel::Problem;

use super::addresses::REFUSED;
use crate::App;
use crate::addresses::Asker;
use crate::decided::Decided;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("reach", app, pass)
}

async fn pass(_: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = &visit.dossier;
    let posture = Arc::clone(dossier.posture());
    let Some(addresses) = &posture.addresses else { return Ok(next.run(visit).await) };
    let (Some(origin), Some(operation)) = (dossier.origin(), dossier.operation()) else {
        return Err(Problem::internal("reach asked without origin or operation"));
    };
    let caller = dossier.caller();
    let asker = Asker {
        tenant: caller.and_then(|caller| caller.tenant()),
        client: caller.map(|caller| caller.client_or_id()),
        operation: Some(operation.index),
    };
    if let Some(rule) = addresses.refusing(origin, asker) {
        let policies = vec![format!("addresses/{rule}")];
        dossier.decided(Decided { allowed: false, reason: Some("address"), policies });
        return Err(Problem::new(&REFUSED));
    }
    Ok(next.run(visit).await)
}
