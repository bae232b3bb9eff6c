//! Filling in a process of its own: what the work took of memory goes with it, and is not strewn
//! between what a server keeps (docs/decisions/0029-idle-memory.md).
//!
//! The other process is `ringwall db demo`. It says in JSON what it made, and gives up when the one
//! that waits for it is gone.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::thread;

use kernel::Secret;
use serde::{Deserialize, Serialize};
use signin::Ticket;

use super::is_filled;
use crate::cli::ConfigArgs;
use crate::cli::exit::Failure;
use crate::ready::{ReadyPartner, ReadyTenant};
use crate::registration::Invited;
use crate::wire::Base;

/// Fills what is missing; secrets of the partners that were made just now.
///
/// # Errors
/// When the other process fails; what was not filled whole is filled at the next start.
pub(crate) async fn fill(base: &Base, args: &ConfigArgs) -> Result<Vec<ReadyTenant>, Failure> {
    if is_filled(base).await.map_err(|error| Failure::because(&error))? {
        return Ok(Vec::new());
    }
    let command = command(args).map_err(|error| Failure::because(&error))?;
    let heard = tokio::task::spawn_blocking(move || hear(command)).await;
    let heard = heard.map_err(|error| Failure::because(&error))??;
    let made: Vec<Told> = serde_json::from_slice(&heard).map_err(|_| unmade())?;
    made.into_iter().map(ReadyTenant::try_from).collect()
}

/// What was made, for whoever waits for it.
///
/// # Errors
/// Never in practice: texts are always JSON.
pub(crate) fn told(made: &[ReadyTenant]) -> Result<String, Failure> {
    let told: Vec<Told> = made.iter().map(Told::from).collect();
    serde_json::to_string(&told).map_err(|error| Failure::because(&error))
}

/// From now on this process ends when its standard input does: nobody waits for it any more.
pub(crate) fn end_with_whoever_waits() {
    thread::spawn(|| {
        let mut nothing = [0; 1];
        while io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
        std::process::exit(1);
    });
}

fn command(args: &ConfigArgs) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["db", "demo", "--tied"]);
    if let Some(file) = &args.config {
        command.arg("--config").arg(file);
    }
    if let Some(folder) = &args.data_dir {
        command.arg("--data-dir").arg(folder);
    }
    // Ctrl-C is for the one that waits.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    Ok(command)
}

fn hear(mut command: Command) -> Result<Vec<u8>, Failure> {
    let mut child = command.spawn().map_err(|error| Failure::because(&error))?;
    // Open until it is done: it ends when this does.
    let _held = child.stdin.take();
    let output = child.wait_with_output().map_err(|error| Failure::because(&error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(unmade()) }
}

fn unmade() -> Failure {
    Failure::Failed(
        "the demonstration could not be filled; start again to fill what is missing".to_owned(),
    )
}

/// A tenant that was made just now, between two processes.
#[derive(Serialize, Deserialize)]
struct Told {
    id: String,
    slug: String,
    partners: Vec<ToldPartner>,
    staff: Vec<ToldPerson>,
}

#[derive(Serialize, Deserialize)]
struct ToldPartner {
    client_id: String,
    client_secret: Option<String>,
    scopes: Vec<String>,
    redirect_uris: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ToldPerson {
    email: String,
    role: String,
    link: String,
}

impl From<&ReadyTenant> for Told {
    fn from(tenant: &ReadyTenant) -> Self {
        let partner = |partner: &ReadyPartner| ToldPartner {
            client_id: partner.client_id.clone(),
            client_secret: partner.client_secret.as_ref().map(|secret| secret.expose().clone()),
            scopes: partner.scopes.clone(),
            redirect_uris: partner.redirect_uris.clone(),
        };
        let person = |person: &Invited| ToldPerson {
            email: person.email.clone(),
            role: person.role.to_string(),
            link: person.link.whole().expose().clone(),
        };
        Self {
            id: tenant.id.clone(),
            slug: tenant.slug.clone(),
            partners: tenant.partners.iter().map(partner).collect(),
            staff: tenant.staff.iter().map(person).collect(),
        }
    }
}

impl TryFrom<Told> for ReadyTenant {
    type Error = Failure;

    fn try_from(told: Told) -> Result<Self, Failure> {
        let partner = |partner: ToldPartner| ReadyPartner {
            client_id: partner.client_id,
            client_secret: partner.client_secret.map(Secret::new),
            scopes: partner.scopes,
            redirect_uris: partner.redirect_uris,
        };
        let person = |person: ToldPerson| {
            let role = person.role.parse().map_err(|_| unmade())?;
            let link = Ticket::parse(&person.link).ok_or_else(unmade)?;
            Ok(Invited { email: person.email, role, link })
        };
        Ok(Self {
            id: told.id,
            slug: told.slug,
            partners: told.partners.into_iter().map(partner).collect(),
            staff: told.staff.into_iter().map(person).collect::<Result<_, Failure>>()?,
        })
    }
}
