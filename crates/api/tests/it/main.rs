//! The API from outside, through all rings: one binary, one module an area.

mod jobs;
