//! How people prove who they are: passwords, one-time codes, passkeys, sessions, and how guessing
//! is slowed.
//!
//! Pure: no clock, no database, no HTTP. What is kept is made here and compared here, and nothing
//! here prints a secret.

mod agent;
pub mod federated;
mod key;
mod life;
pub mod passkey;
mod password;
mod password_hash;
mod proven;
mod qr;
mod recovery;
mod throttle;
mod ticket;
mod totp;

pub use agent::short_agent;
pub use key::{SignInIndex, SignInKey};
pub use life::Life;
pub use password::{Password, PasswordFault, PasswordRule};
pub use password_hash::{HashError, PasswordHash};
pub use proven::{Proven, acr};
pub use qr::{QrError, qr_svg};
pub use recovery::{RECOVERY_CODES, RecoveryCode};
pub use throttle::{ACCOUNT, ADDRESS, FLOW, FLOW_LIFE, SECOND_FACTOR, Steps};
pub use ticket::{Ticket, TicketHash};
pub use totp::{TotpCode, TotpSecret};
