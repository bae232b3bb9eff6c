//! `ringwall completions`: completions for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::{Failure, print};

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When standard output does not take them.
pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    print(&script(args.shell))
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ringwall", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

const HELP: &str = "\
Examples:
  ringwall completions bash > ~/.local/share/bash-completion/completions/ringwall
  ringwall completions zsh > ~/.zfunc/_ringwall
  ringwall completions fish > ~/.config/fish/completions/ringwall.fish";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_know_commands_within_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);

            assert!(script.contains("bootstrap"), "{shell}");
        }
    }
}
