//! The matcher by its front door: pools, questions, rankings.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails where its ground does"
)]

mod explanations;
mod fairness;
mod gates;
mod order;
mod planted;
mod sample;
mod updates;
