//! Candidates by the thousand, in and out.

pub(crate) mod exports;
pub(crate) mod imports;
