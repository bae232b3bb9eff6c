//! Why something does not open. Never what it holds.

use kernel::Problem;

/// Why the vault refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key file's text is not a key.
    #[error("expected a key file of 64 hexadecimal digits and a line feed")]
    KeyFile,
    /// Not a sealed value, or only a part of one.
    #[error("expected a sealed value, found other or fewer bytes")]
    Malformed,
    /// Sealed with a format or suite that this version does not know.
    #[error("expected sealed format 1, suite 1; found a value made by another version")]
    Unsupported,
    /// Sealed under a key that is not held here.
    #[error("the value is sealed under a key or key version that is not held here")]
    UnknownKey,
    /// Changed, or moved away from the place it was sealed for.
    #[error("the sealed value was changed or belongs to another place")]
    Refused,
}

/// A caller can mend none of these: what we sealed no longer opens.
impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}
