//! Arguments of `ringwall keys`.

use clap::{Args, Subcommand};

use super::ConfigArgs;

/// What to do about the keys that sign access tokens, and about the pepper of secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys that sign access tokens, and what each of them does
    List(ListArgs),
    /// Publish the next key now, or replace all of them at once
    Rotate(RotateArgs),
    /// Hash new client secrets and API keys with another pepper
    RotatePepper(PepperArgs),
}

/// Where the pepper is.
#[derive(Debug, Args)]
#[command(after_help = PEPPER_HELP)]
pub(crate) struct PepperArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Which keys.
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub(crate) struct ListArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// How to rotate.
#[derive(Debug, Args)]
#[command(after_help = ROTATE_HELP)]
pub(crate) struct RotateArgs {
    /// Take every key for stolen: a new one signs at once, and no token of the others is good any
    /// more
    #[arg(long)]
    pub(crate) emergency: bool,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", requires = "emergency", value_parser = because)]
    pub(crate) because: Option<String>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

fn because(text: &str) -> Result<String, String> {
    let is_fit = (1..=BECAUSE_MAX).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && !text.trim().is_empty();
    let expected = || format!("expected one line of at most {BECAUSE_MAX} characters");
    is_fit.then(|| text.to_owned()).ok_or_else(expected)
}

const BECAUSE_MAX: usize = 200;

const LIST_HELP: &str = "\
A key is `published` before it signs, then `signing`, then `retired` until its last token has ended,
and then it goes. Works beside a running server.

Examples:
  ringwall keys list
  ringwall keys list --json";

const ROTATE_HELP: &str = "\
Keys rotate by themselves, as often as `identity.signing_key_life_s` says. Works beside a running
server. Without `--emergency` the next key is published now and signs 11 minutes later, when whoever
keeps the key set knows it; no token is lost. With it, every access token ends within two seconds on
every node, callers get new ones, and whoever keeps the key set must read it anew.

Examples:
  ringwall keys rotate
  ringwall keys rotate --emergency --because \"a backup with the key file was stolen\"";

const PEPPER_HELP: &str = "\
Client secrets and API keys are kept as hashes under a pepper that is derived from the keyring. What
was made before stays good under its own pepper; what is made after the next start has the new one.
On several nodes run it on one, copy `keyring.sealed` to the others, and start them again one after
the other: each believes what the others make.

Examples:
  ringwall keys rotate-pepper";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_no_line_is_refused() {
        for text in ["", " ", "two\nlines", &"x".repeat(BECAUSE_MAX + 1)] {
            assert!(because(text).is_err(), "{text:?}");
        }
        assert_eq!(because("a lost disk"), Ok("a lost disk".to_owned()));
    }
}
