//! What happened, as OCSF 1.8 events in canonical form. Pure: replayable, no clock, no I/O.
//!
//! Events hold names of fields and ids, never values of personal data. A Merkle ledger can hash
//! them as they are: [`Event::canonical`] is stable and [`leaf_hash`] is the leaf of RFC 6962.

mod event;
mod leaf;
mod ocsf;
mod printable;
mod scene;

pub use event::{
    Assured, Authentication, Change, ChangeKind, Decision, Disclosure, Event, Person, Vouched,
};
pub use leaf::leaf_hash;
pub use scene::{Actor, Scene};
