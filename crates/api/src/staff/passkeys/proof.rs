//! Proofs by passkeys: what a form brings, and whether it is one.

use data_encoding::BASE64URL_NOPAD;
use gate::App;
use kernel::Timestamp;
use serde::Deserialize;
use signin::Proven;
use signin::passkey::{CREDENTIAL_ID_MAX, PasskeyError, SentAssertion, Used, assert};
use store::passkeys::{self, Presented};
use utoipa::ToSchema;

use super::Asked;
use crate::reply::Refused;
use crate::staff::SignIn;

/// What a passkey signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyProofForm {
    /// Ties the form to the page that it was on.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub(super) form: String,
    /// The challenge, sealed.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    pub(super) asked: String,
    /// The credential's id.
    #[schema(min_length = 1, max_length = 1364, pattern = "^[A-Za-z0-9_-]+$")]
    credential: String,
    /// Whose the authenticator says it is.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,86}$", nullable = false)]
    user: Option<String>,
    /// `clientDataJSON`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    client_data: String,
    /// `authenticatorData`.
    #[schema(min_length = 1, max_length = 5462, pattern = "^[A-Za-z0-9_-]+$")]
    authenticator_data: String,
    /// The signature.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,1024}$")]
    signature: String,
}

/// A proof that is good, if the counter still goes forward when it is written down.
pub(super) struct Proof {
    pub(super) presented: Presented,
    pub(super) used: Used,
}

impl Proof {
    /// What it proves.
    pub(super) const fn proven(&self) -> Proven {
        Proven::Passkey { is_synced: self.presented.passkey.is_backup_eligible }
    }
}

/// Why it is none, and whose passkey it would be.
pub(super) struct NoProof {
    pub(super) why: &'static str,
    pub(super) presented: Option<Presented>,
}

impl PasskeyProofForm {
    /// Whether this is a proof, by whomever it says.
    pub(super) async fn judge(
        &self,
        (app, sign_in): (&App, &SignIn),
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Result<Proof, NoProof>, Refused> {
        let nobody = |why| NoProof { why, presented: None };
        let Some(at) = &sign_in.passkeys_at else { return Ok(Err(nobody("passkeys_nowhere"))) };
        let challenge = match sign_in.answered(app, asked, (&self.asked, now)).await? {
            Ok(challenge) => challenge,
            Err(why) => return Ok(Err(nobody(why))),
        };
        let malformed = PasskeyError::Malformed.reason();
        let Some(id) = decode(&self.credential).filter(|id| id.len() <= CREDENTIAL_ID_MAX) else {
            return Ok(Err(nobody(malformed)));
        };
        let Some(presented) = passkeys::find(&app.store, &id).await? else {
            return Ok(Err(nobody("passkey_unknown")));
        };
        let why = self.fits(asked, &presented).and_then(|()| {
            let parts = [&self.client_data, &self.authenticator_data, &self.signature];
            let [Some(client_data), Some(authenticator_data), Some(signature)] =
                parts.map(|part| decode(part))
            else {
                return Err(malformed);
            };
            let sent = SentAssertion {
                client_data: &client_data,
                authenticator_data: &authenticator_data,
                signature: &signature,
            };
            let used = assert(at, &challenge, presented.passkey.known(), sent);
            used.map_err(|error| error.reason())
        });
        Ok(match why {
            Ok(used) => Ok(Proof { presented, used }),
            Err(why) => Err(NoProof { why, presented: Some(presented) }),
        })
    }

    /// The authenticator says whose it is (WebAuthn §7.2 step 6). It may leave that out only where
    /// we know already.
    fn fits(&self, asked: Asked<'_>, presented: &Presented) -> Result<(), &'static str> {
        let owner = presented.passkey.user.as_bytes().as_slice();
        let is_theirs = match &self.user {
            Some(user) => decode(user).is_some_and(|user| user == owner),
            None => matches!(asked, Asked::StepUp(_)),
        };
        if is_theirs { Ok(()) } else { Err("passkey_user") }
    }
}

/// Unpadded base64url with no bits left over.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}
