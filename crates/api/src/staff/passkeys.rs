//! Passkeys on the pages: the one place where pages have a script, which is always the same.
//!
//! A page shows a challenge, sealed for the visit or session that it was made for. The script asks
//! the browser, puts the answer into the form and sends it, as any other form.

mod ask;
pub(crate) mod enrol;
pub(crate) mod own;
mod proof;
pub(crate) mod sign_in;
pub(crate) mod step_up;

pub(super) use ask::{Asked, Form, enrolment_box, proof_box};
