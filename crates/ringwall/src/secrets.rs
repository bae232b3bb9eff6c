//! `ringwall admin secret`: a partner's secrets, one after the other without an outage.

use kernel::Timestamp;
use store::StoreError;
use store::partners::{self, KeptSecret};

use crate::cli::admin::SecretArgs;
use crate::cli::exit::{Failure, print};
use crate::partner::{close, failed, find, on};
use crate::{keys, registration};

/// Gives a partner a further secret, lists its secrets, or ends one.
///
/// # Errors
/// When there is no such partner, or no such secret that is good.
pub(crate) fn run(args: &SecretArgs) -> Result<(), Failure> {
    match &args.end {
        Some(id) => end(args, id),
        None if args.list => list(args),
        None => add(args),
    }
}

fn end(args: &SecretArgs, id: &str) -> Result<(), Failure> {
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin secret");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let ended = partners::end_one_secret(&mut tx, &partner.client_id, id).await;
        ended.map_err(|error| match error {
            StoreError::Missing => Failure::Failed(format!("no secret `{id}` is good")),
            error => failed(error),
        })?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("`{id}` is not good any more\n"))
}

fn list(args: &SecretArgs) -> Result<(), Failure> {
    let (kept, now) = on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let now = base.clock.now();
        let kept = {
            let view = base.store.view(&permit).await.map_err(failed)?;
            partners::secrets(&view, &partner.client_id).await.map_err(failed)?
        };
        close(base).await?;
        Ok((kept, now))
    })?;
    print(&kept.iter().map(|secret| line(secret, now)).collect::<String>())
}

fn line(secret: &KeptSecret, now: Timestamp) -> String {
    let (id, made) = (&secret.id, secret.created_at);
    let used = secret.used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
    let end = match secret.expires_at {
        Some(at) if at <= now => format!(", ended {at}"),
        Some(at) => format!(", ends {at}"),
        None => String::new(),
    };
    format!("{id}  made {made}, {used}{end}\n")
}

fn add(args: &SecretArgs) -> Result<(), Failure> {
    let secret = oauth::generate_client_secret();
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin secret");
        let hash = oauth::hash_secret(&keys::pepper(&base.keyring), secret.expose());
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let hash = hash.to_bytes().to_vec();
        partners::add_secret(&mut tx, &partner.client_id, hash).await.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    print(&format!("{}\nThe secret is shown this once.\n", secret.expose()))
}
