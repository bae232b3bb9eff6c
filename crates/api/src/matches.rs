//! Matches: who fits which job and why, and how far each has come with it.
//!
//! The matcher scores; people decide. No score moves anybody, and no application turns anybody
//! down.

pub(crate) mod moves;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod shown;
