//! Who fits which job, and why.
//!
//! The matcher sees a [`Projection`] of a candidate and an [`Opening`] of a job. Neither has room
//! for a name, an address, a birth date, a photo, a nationality, a gender, a school, a year of
//! graduation or an employer: what is not there cannot weigh. Free text gets in only through the
//! [`redact::Redactor`]. A [`Policy`] is data: weights, gates and tolerances in integers, versioned
//! and hashed. The answer is an [`Assessment`]: gates with their reasons, points with their
//! evidence, and what would change them. All arithmetic is on integers, so that the same inputs
//! give the same points on every machine.

pub mod assessment;
pub mod digest;
pub mod exchange;
mod explain;
mod intern;
mod judge;
pub mod opening;
pub mod overlap;
pub mod points;
pub mod policy;
pub mod pool;
pub mod projection;
pub mod ranking;
mod rarity;
pub mod redact;
mod relevance;
mod terms;
pub mod text;
pub mod vocabulary;
mod words;

pub use assessment::{Assessment, Criterion, CriterionCode, Gate, GateCode};
pub use digest::Fingerprint;
pub use exchange::Exchange;
pub use opening::Opening;
pub use points::{Points, Share};
pub use policy::Policy;
pub use pool::Pool;
pub use projection::Projection;
pub use ranking::{Question, Ranking, Scope};
pub use vocabulary::Vocabulary;
