//! The staffing domain: client companies, jobs, candidates, matches and employments, as
//! types and transitions.
//!
//! Pure: no I/O, no clock, no HTTP, no SQL. A draft holds what a caller may write; its types hold
//! every rule about one member, and its `check` the few rules between members. A life cycle is a
//! published table, and a move is refused unless the table has it.

pub mod bounded;
pub mod bulk;
pub mod calendar;
pub mod candidate;
pub mod client;
#[cfg(test)]
mod contract;
mod document;
pub mod employment;
pub mod event;
pub mod job;
pub mod matches;
pub mod merge;
mod named;
pub mod patch;
pub mod pay;
mod pointer;
pub mod posting;
pub mod skill;
pub mod synthetic;
pub mod transition;

use kernel::Code;

/// The problems of this domain.
pub const CODES: &[&Code] = &[
    &client::ILLEGAL,
    &job::life::ILLEGAL,
    &candidate::life::ILLEGAL,
    &candidate::consent::ILLEGAL_CONSENT,
    &matches::ILLEGAL,
    &matches::JOB_CLOSED,
    &employment::life::ILLEGAL,
    &employment::change::CLOSED,
    &employment::amendment::ILLEGAL,
    &employment::amendment::OVERLAPS,
    &employment::amendment::NOT_AMENDABLE,
    &employment::amendment::TOO_MANY,
];
