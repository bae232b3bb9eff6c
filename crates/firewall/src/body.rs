//! Takes request bodies apart: URLENCODED, MULTIPART, JSON and XML.
//!
//! Each processor is one pass over the bytes, builds no tree, and hands every finding to a sink as
//! a borrowed [`Piece`]. A body that cannot be read to its end still yields what stands before the
//! fault, and the fault's text is what rules see in `REQBODY_ERROR_MSG`.

pub mod json;
pub mod multipart;
pub mod urlencoded;
pub mod xml;

/// One finding in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A named value: a form field, or a JSON leaf with its path.
    Argument {
        /// The name, decoded.
        name: &'a [u8],
        /// The value, decoded.
        value: &'a [u8],
    },
    /// A file of a multipart form.
    File {
        /// The form field's name (`FILES_NAMES`).
        name: &'a [u8],
        /// The file name that the caller states (`FILES`).
        filename: &'a [u8],
        /// What is in it.
        content: &'a [u8],
    },
    /// One header line of a multipart part, unfolded (`MULTIPART_PART_HEADERS`).
    PartHeader {
        /// The name of the part's form field.
        name: &'a [u8],
        /// The line, such as `Content-Type: text/plain`.
        line: &'a [u8],
    },
    /// All text of an XML document in one (`XML:/*`).
    Text(&'a [u8]),
    /// One attribute's value of an XML document (`XML://@*`).
    Attribute(&'a [u8]),
}

/// Takes the findings. `false` means that nothing more can be taken: the processor stops with
/// [`Fault::Full`].
pub type Sink<'s> = dyn FnMut(Piece<'_>) -> bool + 's;

/// Why a body could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The sink takes nothing more.
    #[error("more values than the limit allows")]
    Full,
    /// Nesting beyond the limit.
    #[error("nested deeper than the limit allows")]
    Depth,
    /// A limit of the processor itself.
    #[error("{what} longer than {max}")]
    Long {
        /// Of what there is too much.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Not of the format.
    #[error("{what} at byte {at}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
}
