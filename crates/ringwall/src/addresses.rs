//! The address lists of `serve`: from the configuration, and from files that are watched.

use std::path::PathBuf;
use std::sync::Arc;

use firewall::address::Network;
use gate::addresses::{AddressPlan, AddressRule, Addresses, Feed, Lists};
use gate::{Contract, Tasks};

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::addresses::AddressRule as Written;
use crate::config::names::Network as Named;
use crate::operations;
use crate::reload::Reloader;

/// The lists as they are configured; nothing where there is none.
///
/// # Errors
/// When a rule names no operation of the contract, or a file cannot be read.
pub(crate) fn raise(
    config: &Config,
    contract: &Contract,
) -> Result<Option<Arc<Addresses>>, Failure> {
    let settings = &config.addresses;
    let edge = Lists {
        allow: feed(&settings.allow, &settings.allow_files),
        deny: feed(&settings.deny, &settings.deny_files),
    };
    let rules = settings.rules.iter().map(|written| rule(written, contract));
    let plan = AddressPlan { edge, rules: rules.collect::<Result<_, _>>()? };
    if plan == AddressPlan::default() {
        return Ok(None);
    }
    let addresses = Addresses::load(plan).map_err(|error| Failure::because(&error))?;
    tracing::info!(networks = addresses.networks(), "address lists are in force");
    Ok(Some(Arc::new(addresses)))
}

fn feed(networks: &[Named], files: &[PathBuf]) -> Feed {
    let networks = networks.iter().map(|named| Network::new(named.address, named.prefix));
    Feed { networks: networks.collect(), files: files.to_vec() }
}

fn rule(written: &Written, contract: &Contract) -> Result<AddressRule, Failure> {
    let operation = written.operation.as_deref();
    let operation =
        operation.map(|name| operations::find(contract, name)).transpose().map_err(|expected| {
            Failure::Failed(format!("`addresses.rules`, rule `{}`: {expected}", written.name))
        })?;
    Ok(AddressRule {
        name: written.name.clone(),
        tenant: written.tenant,
        client: written.client.clone(),
        operation: operation.map(|operation| operation.index),
        lists: Lists {
            allow: feed(&written.allow, &written.allow_files),
            deny: feed(&written.deny, &written.deny_files),
        },
    })
}

/// Reads the files again when one changes. What cannot be read is told and not taken: the lists
/// before stay.
pub(crate) fn keep_fresh(reloader: Arc<Reloader>, tasks: &Tasks) {
    let mut stopping = tasks.stopping();
    tasks.spawn(async move {
        let every = |config: &Config| config.addresses.reload_s.into();
        while reloader.pause(&mut stopping, every).await.is_some() {
            let Some(addresses) = reloader.app().posture().addresses.clone() else { continue };
            let lists = Arc::clone(&addresses);
            match tokio::task::spawn_blocking(move || lists.reload_if_changed()).await {
                Ok(Ok(true)) => {
                    let networks = addresses.networks();
                    tracing::info!(networks, "the address lists were loaded again");
                    reloader.tell_of_files("addresses.files").await;
                }
                Ok(Ok(false)) => {}
                Ok(Err(cause)) => {
                    tracing::error!(%cause, "kept the address lists: cannot load the new");
                }
                Err(error) => tracing::error!(%error, "could not look at the address lists"),
            }
        }
    });
}
