//! Where in a document something stands.

use serde_path_to_error::{Path, Segment};

/// A serde path as a JSON Pointer (RFC 6901).
pub(crate) fn of(path: &Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}
