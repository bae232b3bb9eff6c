//! Arguments of `ringwall bans`.

use std::net::IpAddr;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::ConfigArgs;
use crate::bans::address;

/// What to do about bans.
#[derive(Debug, Subcommand)]
pub(crate) enum BansCommand {
    /// List who is kept out for a while, and why
    List(ListArgs),
    /// Let somebody in again
    Lift(LiftArgs),
    /// Keep an address out for a while
    Add(AddArgs),
}

/// Which bans.
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub(crate) struct ListArgs {
    /// Also those that are over, and make the next one longer
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Whom to let in.
#[derive(Debug, Args)]
#[command(after_help = LIFT_HELP)]
pub(crate) struct LiftArgs {
    /// An address, or the id of a client, an API key or a person
    #[arg(value_name = "WHO", value_parser = subject)]
    pub(crate) subject: Subject,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Whom to keep out.
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub(crate) struct AddArgs {
    /// The address; of an IPv6 address its first 64 bits
    #[arg(value_name = "ADDRESS", value_parser = address)]
    pub(crate) address: IpAddr,
    /// For how long: a number and `m`, `h` or `d`, at most 31 days
    #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = lasting)]
    pub(crate) lasting: Duration,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Whose ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An address; IPv6 by its first 64 bits.
    Address(IpAddr),
    /// The id of a caller.
    Caller(String),
}

fn subject(text: &str) -> Result<Subject, String> {
    if let Ok(address) = address(text) {
        return Ok(Subject::Address(address));
    }
    let is_id = CALLERS.iter().any(|prefix| text.starts_with(prefix));
    if is_id {
        return Ok(Subject::Caller(text.to_owned()));
    }
    Err("expected an address, or an id that begins with `pc_`, `key_` or `usr_`".to_owned())
}

fn lasting(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number and `m`, `h` or `d`, at most 31 days".to_owned();
    let unit_at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at));
    let (number, unit) = text.split_at(unit_at.ok_or_else(expected)?);
    let seconds = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    let time = Duration::from_secs(number.saturating_mul(seconds));
    if number > 0 && time <= LASTING_MAX { Ok(time) } else { Err(expected()) }
}

const CALLERS: [&str; 3] = ["pc_", "key_", "usr_"];
const LASTING_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

const LIST_HELP: &str = "\
Works beside a running server.

Examples:
  ringwall bans list
  ringwall bans list --all --json";

const LIFT_HELP: &str = "\
Every node hears of it within two seconds, and does not ban them again for an hour. Whoever must
never be banned belongs into `bans.allow`.

Examples:
  ringwall bans lift 203.0.113.9
  ringwall bans lift pc_8f3kq2m1zdy2y2ye";

const ADD_HELP: &str = "\
Every node hears of it within two seconds, also in mode `log_only`. Networks belong into
`addresses.deny`.

Examples:
  ringwall bans add 203.0.113.9
  ringwall bans add 2001:db8:7::1 --for 30d";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_an_address_nor_an_id_is_refused() {
        for text in ["", "everybody", "10.0.0.0/8", "203.0.113", "job_x"] {
            assert!(subject(text).is_err(), "{text}");
        }
        let address = |text: &str| Ok(Subject::Address(text.parse().unwrap()));
        assert_eq!(subject("203.0.113.9"), address("203.0.113.9"));
        assert_eq!(subject("2001:db8:7::1"), address("2001:db8:7::"));
        assert_eq!(subject("pc_x"), Ok(Subject::Caller("pc_x".to_owned())));
    }

    #[test]
    fn a_time_without_unit_or_beyond_a_month_is_refused() {
        for text in ["", "5", "h", "0h", "-1h", "1w", "32d", "99999999999999999999d", "1é"] {
            assert!(lasting(text).is_err(), "{text}");
        }
        assert_eq!(lasting("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(lasting("31d"), Ok(LASTING_MAX));
    }
}
