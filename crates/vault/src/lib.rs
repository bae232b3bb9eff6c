//! Keys and what is sealed under them: the only crate that touches keys. Pure: bytes in, bytes out.
//!
//! ```text
//! KeyFile ─ seals ─▶ Keyring (root versions) ─ wraps ─▶ TenantKeys ─ seal ─▶ fields
//!                      └─ derives ─▶ purpose keys, TokenKey
//! ```
//!
//! Every sealed thing has one form (see `envelope`), names the version of the key it needs, and is
//! bound to the place it was made for: moved elsewhere, it does not open.

mod derive;
mod envelope;
mod error;
mod keyfile;
mod keyring;
mod nonce;
mod tenant;
mod token;
mod xaes;

pub use error::VaultError;
pub use keyfile::KeyFile;
pub use keyring::{Keyring, PEPPERS_MAX};
pub use tenant::{Place, TenantKeys};
pub use token::TokenKey;
