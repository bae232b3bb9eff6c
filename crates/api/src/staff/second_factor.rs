//! The second factor: a code of an authenticator app, or a recovery code. Each counts once, on all
//! nodes together.

use std::time::Duration;

use gate::{App, Dossier};
use kernel::{Timestamp, UserId};
use signin::{ADDRESS, FLOW, Proven, RecoveryCode, SECOND_FACTOR, TotpCode, TotpSecret};
use store::sign_in_delays::{self, Subject};
use store::staff::{self, Account, Status};
use store::{StoreError, TenantTx};

use super::SignIn;

/// What somebody typed as their second factor.
pub(super) enum Typed {
    /// Six digits.
    Totp(TotpCode),
    /// One of the codes for emergencies.
    Recovery(RecoveryCode),
    /// Neither.
    Nothing,
}

/// What a proof came to.
pub(super) type Proof = Result<(), &'static str>;

impl Typed {
    pub(super) fn read(text: &str) -> Self {
        match (TotpCode::parse(text), RecoveryCode::parse(text)) {
            (Some(code), _) => Self::Totp(code),
            (None, Some(code)) => Self::Recovery(code),
            (None, None) => Self::Nothing,
        }
    }

    /// What it proves beside a password.
    pub(super) const fn proven(&self) -> Proven {
        match self {
            Self::Recovery(_) => Proven::RecoveryCode,
            Self::Totp(_) | Self::Nothing => Proven::Code,
        }
    }

    /// How the audit trail names it.
    pub(super) const fn method(&self) -> &'static str {
        match self {
            Self::Recovery(_) => "recovery_code",
            Self::Totp(_) | Self::Nothing => "totp",
        }
    }
}

/// What attempts of somebody are counted by.
pub(super) fn subjects(
    sign_in: &SignIn,
    dossier: &Dossier,
    user: UserId,
    flow: Option<&str>,
) -> Vec<Subject> {
    let key = &sign_in.key;
    let mut all = vec![(key.of_second_factor(user.uuid().as_bytes()), SECOND_FACTOR)];
    all.extend(flow.map(|flow| (key.of_flow(flow), FLOW)));
    all.extend(dossier.origin().map(|address| (key.of_address(address), ADDRESS)));
    all
}

/// Takes back what was counted: the proof was good.
pub(super) async fn forgive(
    app: &App,
    sign_in: &SignIn,
    dossier: &Dossier,
    counted: [u8; 32],
) -> Result<(), StoreError> {
    sign_in_delays::forget(&app.store, &[counted]).await?;
    match dossier.origin() {
        Some(address) => {
            sign_in_delays::take_back(&app.store, &sign_in.key.of_address(address)).await
        }
        None => Ok(()),
    }
}

/// Whether it proves who somebody is; if so, it is used up with the transaction.
pub(super) async fn prove(
    tx: &mut TenantTx,
    sign_in: &SignIn,
    account: &Account,
    typed: &Typed,
    now: Timestamp,
) -> Result<Proof, StoreError> {
    if account.status != Status::Active {
        return Ok(Err("account_inactive"));
    }
    match typed {
        Typed::Totp(code) => {
            let sealed = account.totp_secret(tx)?;
            let secret = sealed.and_then(|secret| TotpSecret::from_bytes(secret.expose()));
            let step = secret.and_then(|secret| secret.step_of(code, now));
            let Some(step) = step else { return Ok(Err("code_wrong")) };
            let is_first = staff::take_step(tx, account.id, step).await?;
            Ok(if is_first { Ok(()) } else { Err("code_used") })
        }
        Typed::Recovery(code) => {
            let hash = sign_in.key.of_recovery_code(code, account.id.uuid().as_bytes());
            let is_taken = staff::take_recovery_code(tx, account.id, &hash).await?;
            Ok(if is_taken { Ok(()) } else { Err("code_wrong") })
        }
        Typed::Nothing => Ok(Err("code_malformed")),
    }
}

/// How long to wait, in whole seconds and words.
pub(super) fn wait_text(wait: Duration) -> (u64, String) {
    let seconds = wait.as_secs().saturating_add(1);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    (seconds, format!("Too many attempts. Please wait {seconds} {unit}, then try again."))
}
