//! Who may do what.
//!
//! Policies are data (`policies/`), checked against a schema at the start and evaluated by Cedar.
//! [`Engine::judge`] turns a proven [`Caller`] and an [`Action`] into a [`Permit`] or a
//! [`Refusal`]; doubt is a refusal. This crate is the only maker of permits, so who holds one was
//! allowed:
//!
//! ```compile_fail,E0451
//! fn forge(genuine: policy::Permit, action: policy::Action) -> policy::Permit {
//!     policy::Permit { action, ..genuine }
//! }
//! ```

mod action;
mod caller;
mod engine;
mod permit;
mod refusal;
mod role;
mod rulebook;
mod scope;
mod vocabulary;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod matrix;

pub use action::Action;
pub use caller::{Caller, CallerKind, ClientFacts, StaffFacts};
pub use engine::Engine;
pub use permit::Permit;
pub use refusal::{
    AUTH_FORBIDDEN, AUTH_REQUIRED, AUTH_SCOPE_MISSING, AUTH_STEP_UP, CODES, Reason, Refusal,
};
pub use role::{Environment, Role, UnknownName};
pub use rulebook::PolicyError;
pub use scope::SCOPES;
