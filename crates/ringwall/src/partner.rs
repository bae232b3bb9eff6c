//! `ringwall admin keys`, `redirects`, `first-party` and `revoke`: what an operator does for a
//! partner.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use oauth::{ForeignKey, Profile, RedirectUri};
use policy::Permit;
use serde_json::{Map, Value};
use store::grants;
use store::partners::{self, Partner, PartnerUses};
use store::revocations::{self, Revocation, Revoked};

use crate::cli::ConfigArgs;
use crate::cli::admin::{FirstPartyArgs, KeysArgs, RedirectsArgs, RevokeArgs};
use crate::cli::exit::{Failure, print};
use crate::config::{Config, Loaded};
use crate::home::Home;
use crate::wire::{self, Base};
use crate::{keys, registration, trusted};

/// Registers a partner's public keys in place of those before.
///
/// # Errors
/// When the file is no set of public signature keys, or there is no such partner.
pub(crate) fn set_keys(args: &KeysArgs) -> Result<(), Failure> {
    let jwks = match &args.jwks {
        Some(path) => {
            let profile = if args.fapi2 { Profile::Fapi2 } else { Profile::Baseline };
            read(path, profile)?
        }
        None => Vec::new(),
    };
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin keys");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let client_id = partner.client_id.as_str();
        partners::set_keys(&mut tx, client_id, &jwks, args.fapi2).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("`{}` has {} public keys\n", args.client, jwks.len()))
}

/// Registers where a partner may have people sent back to, in place of what was before.
///
/// # Errors
/// When an address is not one that a browser should be sent to, or there is no such partner.
pub(crate) fn set_redirects(args: &RedirectsArgs) -> Result<(), Failure> {
    if args.uri.len() > URIS_MAX {
        return Err(Failure::Failed(format!("expected at most {URIS_MAX} addresses")));
    }
    for uri in &args.uri {
        RedirectUri::register(uri, args.native)
            .map_err(|error| Failure::Failed(format!("`{uri}`: {error}")))?;
    }
    let uses = asking(args.uri.clone(), (!args.no_refresh, args.par));
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin redirects");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        partners::set_uses(&mut tx, &partner.client_id, &uses).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("`{}` may send people back to {} addresses\n", args.client, args.uri.len()))
}

/// What a partner may use that asks people for access; without an address it asks nobody.
pub(crate) fn asking(
    redirect_uris: Vec<String>,
    (has_refresh, par_required): (bool, bool),
) -> PartnerUses {
    let of_people = match (redirect_uris.is_empty(), has_refresh) {
        (true, _) => &[][..],
        (false, false) => &["authorization_code"][..],
        (false, true) => &["authorization_code", "refresh_token"][..],
    };
    let own = &["client_credentials"][..];
    let grants = own.iter().chain(of_people);
    let grants = grants.map(|grant| (*grant).to_owned()).collect();
    PartnerUses { grants, redirect_uris, par_required }
}

/// Says whether people may type their passwords into an application.
///
/// # Errors
/// When there is no such application.
pub(crate) fn set_first_party(args: &FirstPartyArgs) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin first-party");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        partners::set_first_party(&mut tx, &partner.client_id, !args.off).await.map_err(failed)?;
        if args.off {
            grants::end_of_client(&mut tx, &partner.client_id).await.map_err(failed)?;
        }
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    let may = if args.off { "may not" } else { "may" };
    print(&format!("people {may} type their passwords into `{}`\n", args.client))
}

/// Revokes every access token that a partner has, and ends what people granted it.
///
/// # Errors
/// When there is no such partner.
pub(crate) fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let client = match (&args.client, &args.subject) {
        (_, Some(subject)) => return trusted::revoke(&args.config, subject, Revoked::Staff),
        // No client of ours has a colon in its id.
        (Some(client), None) if client.contains(':') => {
            return trusted::revoke(&args.config, client, Revoked::Client);
        }
        (client, None) => client.as_deref().unwrap_or_default(),
    };
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, client).await?;
        let at = base.clock.now();
        let one = Revocation {
            kind: Revoked::Client,
            subject: partner.client_id,
            at,
            until: at.plus(TOKEN_LIFE),
        };
        let witness = registration::witness(&base, "admin revoke");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        revocations::add(&mut tx, &one).await.map_err(failed)?;
        grants::end_of_client(&mut tx, &one.subject).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("the access tokens of `{client}` end within two seconds\n"))
}

/// Each key of a file with a key set, as it is kept: nothing that is not read strictly.
fn read(path: &std::path::Path, profile: Profile) -> Result<Vec<String>, Failure> {
    let odd = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("`{}` is no set of public keys: {error}", path.display()))
    };
    let file = File::open(path).map_err(|error| odd(&error))?;
    let mut bytes = Vec::new();
    file.take(JWKS_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| odd(&error))?;
    let keys = ForeignKey::parse_set(&bytes).map_err(|error| odd(&error))?;
    let taken = profile.algorithms();
    if keys.iter().any(|key| !taken.contains(&key.algorithm())) {
        let names: Vec<_> = taken.iter().map(|algorithm| algorithm.name()).collect();
        return Err(odd(&format!("expected keys of {}", names.join(", "))));
    }
    let set: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| odd(&error))?;
    let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
    Ok(keys.map(Value::to_string).collect())
}

/// A partner, and what an operator may do for it.
///
/// # Errors
/// When there is no such partner.
pub(crate) async fn find(base: &Base, client_id: &str) -> Result<(Partner, Permit), Failure> {
    let found = partners::find(&base.store, client_id, base.clock.now()).await.map_err(failed)?;
    let partner =
        found.ok_or_else(|| Failure::Failed(format!("there is no partner `{client_id}`")))?;
    let permit = base.policy.system(partner.tenant, "operator");
    Ok((partner, permit))
}

/// Does an operator's work on the database of a configuration.
///
/// # Errors
/// When the database cannot be opened, or the work fails.
pub(crate) fn on<T>(
    args: &ConfigArgs,
    work: impl AsyncFnOnce(Base, &Config) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = Loaded::read(&args.layers())?.config;
    let home = Home::prepare(&config.server.data_dir).map_err(|e| Failure::because(&e))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    runtime.block_on(async {
        let keyring = keys::keyring(&home, config.vault.key_file.as_ref())?;
        work(wire::base(&config, &home, keyring).await?, &config).await
    })
}

/// Closes the database.
///
/// # Errors
/// When it fails.
pub(crate) async fn close(base: Base) -> Result<(), Failure> {
    base.store.close().await.map_err(failed)
}

/// A failure of the database.
pub(crate) fn failed(error: store::StoreError) -> Failure {
    Failure::because(&error)
}

/// Longer than any access token lives.
const TOKEN_LIFE: Duration = Duration::from_secs(20 * 60);
const URIS_MAX: usize = 16;
const JWKS_BYTES_MAX: u64 = 32 * 1024;
