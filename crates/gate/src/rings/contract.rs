//! Is this operation declared at all? What is not does not reach any further (control: EDG-1).

use std::sync::Arc;

use kernel::Problem;
use kernel::problem::NOT_FOUND;

use crate::App;
use crate::contract::{Find, METHOD_NOT_ALLOWED};
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("contract", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    match app.contract.find(visit.request.method(), visit.request.uri().path()) {
        Find::Found { operation, .. } => visit.dossier.found_operation(Arc::clone(operation)),
        Find::MethodNotAllowed { allow } => {
            return Err(Problem::new(&METHOD_NOT_ALLOWED).header("allow", allow));
        }
        Find::NotFound => return Err(Problem::new(&NOT_FOUND)),
    }
    Ok(next.run(visit).await)
}
