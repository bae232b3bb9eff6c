//! `ringwall keys`: the keys that sign access tokens, and the pepper of secrets.

use kernel::Timestamp;
use oauth::schedule::{key_state, signer};
use oauth::{SigningKey, Turn};
use serde_json::json;
use store::signing_keys::{self, Kept, Replaced};
use store::tenants;
use watch::Actor;

use crate::cli::exit::{Failure, print};
use crate::cli::keys::{KeysCommand, ListArgs, PepperArgs, RotateArgs};
use crate::config::Loaded;
use crate::home::Home;
use crate::partner::{close, failed, on};
use crate::wire::{self, Base};
use crate::{keys, registration};

/// Lists or rotates the keys, on the database of a configuration.
///
/// # Errors
/// When the database fails, or there is nothing to rotate.
pub(crate) fn run(command: &KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::List(args) => list(args),
        KeysCommand::Rotate(args) if args.emergency => replace(args),
        KeysCommand::Rotate(args) => rotate(args),
        KeysCommand::RotatePepper(args) => rotate_pepper(args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let (kept, now) = on(&args.config, async |base, _| {
        let now = base.clock.now();
        let kept = signing_keys::list(&base.store).await.map_err(failed)?;
        close(base).await?;
        Ok((kept, now))
    })?;
    let turns: Vec<Turn> = kept.iter().map(|kept| kept.turn).collect();
    if args.json {
        let keys: Vec<_> = kept.iter().map(|kept| written(kept, &turns, now)).collect();
        return print(&format!("{:#}\n", json!(keys)));
    }
    let lines: String = kept.iter().map(|kept| line(kept, &turns, now)).collect();
    print(if lines.is_empty() { "there is no key yet: none was ever served\n" } else { &lines })
}

fn rotate(args: &RotateArgs) -> Result<(), Failure> {
    let signs_from = on(&args.config, async |base, config| {
        let signing = wire::signing(config, &base);
        let by = Actor::System { reason: OPERATOR.to_owned() };
        let signs_from = signing.rotate(&by).await.map_err(failed)?;
        close(base).await?;
        Ok(signs_from)
    })?;
    let signs_from = signs_from.ok_or_else(|| {
        Failure::Failed("the next key is published already; see `ringwall keys list`".to_owned())
    })?;
    print(&format!("the next key is published, and signs from {signs_from} on\n"))
}

fn replace(args: &RotateArgs) -> Result<(), Failure> {
    let replaced = on(&args.config, async |base, _| {
        let replaced = replace_all(&base, args.because.as_deref()).await?;
        tell(&base, &replaced.new).await?;
        close(base).await?;
        Ok(replaced)
    })?;
    print(&format!(
        "`{}` signs from now on; every node refuses the tokens of {} earlier keys within two \
         seconds\n",
        replaced.new.key.kid(),
        replaced.denied.len()
    ))
}

/// Written down before it is done: a change that nobody knows of would be worse.
fn rotate_pepper(args: &PepperArgs) -> Result<(), Failure> {
    let config = Loaded::read(&args.config.layers())?.config;
    let home = Home::prepare(&config.server.data_dir).map_err(|e| Failure::because(&e))?;
    let number = keys::rotate_pepper(&home, config.vault.key_file.as_ref(), |number| {
        on(&args.config, async |base, _| {
            let by = Actor::System { reason: OPERATOR.to_owned() };
            let witness = registration::witness(&base, "keys rotate-pepper");
            let told = signing_keys::pepper_changed(&base.store, number, (&witness, &by)).await;
            told.map_err(failed)?;
            close(base).await
        })
    })?;
    print(&format!(
        "after the next start secrets and API keys are hashed with pepper {number}; those from \
         before stay good\n"
    ))
}

/// Of a number that a node takes in the same moment, the next one is taken.
async fn replace_all(base: &Base, because: Option<&str>) -> Result<Replaced, Failure> {
    let reason = because.map_or_else(|| OPERATOR.to_owned(), |why| format!("{OPERATOR}: {why}"));
    let by = Actor::System { reason };
    for _ in 0..ATTEMPTS {
        let witness = registration::witness(base, "keys rotate");
        let new = SigningKey::generate();
        let replaced = signing_keys::replace(&base.store, new, (&witness, &by)).await;
        if let Some(replaced) = replaced.map_err(failed)? {
            return Ok(replaced);
        }
    }
    Err(Failure::Failed("other nodes go on making keys; try again".to_owned()))
}

/// Raises the event in every tenant. The keys are replaced already: a tenant that cannot be told is
/// named, and the others are told.
async fn tell(base: &Base, new: &Kept) -> Result<(), Failure> {
    let all = tenants::list(&base.store).await.map_err(failed)?;
    let mut untold = Vec::new();
    for tenant in all {
        let permit = base.policy.system(tenant.id, OPERATOR);
        let witness = registration::witness(base, "keys rotate");
        let told = async {
            let mut tx = base.store.tenant(&permit, &witness).await?;
            signing_keys::tell(&mut tx, new);
            tx.commit(None).await
        };
        if told.await.is_err() {
            untold.push(tenant.slug.as_str().to_owned());
        }
    }
    if untold.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "every key was replaced, but the event could not be raised for: {}",
        untold.join(", ")
    )))
}

fn line(kept: &Kept, turns: &[Turn], now: Timestamp) -> String {
    let state = key_state(turns, &kept.turn, now).name();
    let (kid, turn) = (kept.key.kid(), &kept.turn);
    let (published, from) = (turn.published_at, turn.signs_from);
    format!("{kid}  {state:<9}  published {published}, signs from {from}\n")
}

fn written(kept: &Kept, turns: &[Turn], now: Timestamp) -> serde_json::Value {
    let turn = &kept.turn;
    json!({
        "kid": kept.key.kid(),
        "generation": turn.generation,
        "state": key_state(turns, turn, now).name(),
        "signs_now": signer(turns, now) == Some(*turn),
        "published_at": turn.published_at,
        "signs_from": turn.signs_from,
        "denied_at": turn.denied_at,
    })
}

/// Who acts, in audit entries.
const OPERATOR: &str = "operator";
const ATTEMPTS: usize = 5;
