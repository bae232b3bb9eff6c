//! Services of clouds, behind traits of our own. One so far: limits that are counted in DynamoDB.
//!
//! It is a crate because its clients are large: who does not need them does not build them.

mod dynamo;
mod item;

pub use dynamo::{Dynamo, DynamoConfig};
