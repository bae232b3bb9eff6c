//! How often this caller may call this operation (controls: THR-1, THR-2), and how many requests
//! may be at work at once. Before that: is the caller kept out for a while (THR-3)?

use std::sync::Arc;

use kernel::Problem;

use crate::App;
use crate::limits::Asker;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("quota", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = &visit.dossier;
    app.bans.admit_caller(dossier)?;
    let tenant = dossier.caller().and_then(|caller| caller.tenant());
    let tenant_id = tenant.map(|tenant| tenant.to_string());
    let Some(asker) = Asker::of(dossier, tenant_id.as_deref()) else {
        return Err(Problem::internal("quota asked without origin or operation"));
    };
    let rules = &dossier.posture().limits;
    // The places are held until the answer is made. None is made while it is sent, so that what a
    // slow reader holds is a connection, which the listener bounds.
    let (told, _places) = app.limits.charge(rules, &asker, dossier.moment()).await?;
    let mut response = next.run(visit).await;
    told.tell(response.headers_mut());
    Ok(response)
}
