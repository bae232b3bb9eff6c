//! `ringwall reload`: asks the server of a data directory to reload, and says what came of it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, interval};

use super::report::Told;
use crate::cli::exit::{Failure, print};
use crate::cli::reload::ReloadArgs;
use crate::config::Loaded;
use crate::home::Home;

/// Asks, and waits for the answer.
///
/// # Errors
/// When the configuration is wrong, no server serves from the data directory, or it refused.
pub(crate) fn run(args: &ReloadArgs) -> Result<(), Failure> {
    let config = Loaded::read(&args.config.layers())?.config;
    let home = Home::prepare(&config.server.data_dir).map_err(|e| Failure::because(&e))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    let told = runtime.block_on(ask(&home))?;
    if args.json {
        print(&format!("{:#}\n", told.written))?;
    }
    if !told.errors.is_empty() {
        let errors = told.errors.join("\n  ");
        return Err(Failure::Failed(format!("the server keeps what it has:\n  {errors}")));
    }
    if args.json { Ok(()) } else { print(&text(&told)) }
}

async fn ask(home: &Home) -> Result<Told, Failure> {
    let process = home.server().map_err(|error| Failure::because(&error))?;
    let nobody = || {
        let place = home.root().display();
        Failure::Failed(format!("no ringwall serves from the data directory `{place}`"))
    };
    let process = process.ok_or_else(nobody)?;
    let before = Told::read(home).map(|told| told.which);
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).ok_or_else(nobody)?;
    kill_process(pid, Signal::HUP)
        .map_err(|error| Failure::Failed(format!("cannot signal process {process}: {error}")))?;
    let deadline = Instant::now() + ANSWER_MAX;
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        if let Some(told) = Told::read(home)
            && told.which.0 == u64::from(process)
            && before != Some(told.which)
        {
            return Ok(told);
        }
        if Instant::now() > deadline {
            return Err(Failure::Failed(format!(
                "process {process} did not say within {} s what came of it: see its log",
                ANSWER_MAX.as_secs()
            )));
        }
    }
}

fn text(told: &Told) -> String {
    let mut text = match told.changed.as_slice() {
        [] => "reloaded; no key changed\n".to_owned(),
        keys => format!("reloaded: {}\n", keys.join(", ")),
    };
    if !told.needs_restart.is_empty() {
        text.push_str(&format!("needs a restart: {}\n", told.needs_restart.join(", ")));
    }
    text
}

const ANSWER_MAX: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
