//! What a page asks an authenticator for, and the answer's way back.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64URL_NOPAD;
use gate::App;
use kernel::Timestamp;
use kernel::html::escape;
use oauth::JtiClaim;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use signin::FLOW_LIFE;
use signin::passkey::{ALGORITHMS, Challenge, RelyingParty};
use store::StoreError;
use store::passkeys::Passkey;

use crate::staff::{SignIn, html};

/// A challenge on its way through a browser.
#[derive(Serialize, Deserialize)]
struct Pending {
    challenge: Vec<u8>,
    until: i64,
}

/// What a challenge is for. The answer to one is no answer to another.
#[derive(Clone, Copy)]
pub(in crate::staff) enum Asked<'a> {
    /// Who somebody is, at the door; the name of a visit.
    SignIn(&'a str),
    /// The same, once more; the name of a session.
    StepUp(&'a str),
    /// A passkey for a link; the names of visit and link.
    Enrolment(&'a str, &'a str),
    /// Another passkey; the name of a session.
    Another(&'a str),
}

impl Asked<'_> {
    fn step(self) -> &'static str {
        match self {
            Self::SignIn(_) => "passkey sign-in",
            Self::StepUp(_) => "passkey step-up",
            Self::Enrolment(..) => "passkey enrolment",
            Self::Another(_) => "another passkey",
        }
    }

    fn of(self) -> String {
        match self {
            Self::SignIn(name) | Self::StepUp(name) | Self::Another(name) => name.to_owned(),
            Self::Enrolment(visit, link) => format!("{visit} {link}"),
        }
    }
}

impl SignIn {
    /// The challenge of a form, once: whoever sends the same form again is refused, on all nodes.
    pub(super) async fn answered(
        &self,
        app: &App,
        asked: Asked<'_>,
        (sealed, now): (&str, Timestamp),
    ) -> Result<Result<Challenge, &'static str>, StoreError> {
        let Some(pending) = self.open::<Pending>(asked.step(), &asked.of(), sealed) else {
            return Ok(Err("challenge_foreign"));
        };
        let until = Timestamp::from_millis(pending.until);
        let Some(challenge) = Challenge::from_bytes(&pending.challenge).filter(|_| now < until)
        else {
            return Ok(Err("challenge_over"));
        };
        let mut hash = Context::new(&SHA256);
        hash.update(b"passkey challenge");
        hash.update(challenge.bytes());
        let mut claim = JtiClaim { hash: [0; 32], until };
        claim.hash.copy_from_slice(hash.finish().as_ref());
        let is_first = store::seen::claim(&app.store, &claim).await?;
        Ok(if is_first { Ok(challenge) } else { Err("challenge_used") })
    }

    fn ask(&self, asked: Asked<'_>, now: Timestamp) -> (Challenge, String) {
        let challenge = Challenge::generate();
        let until = now.plus(FLOW_LIFE).millis();
        let pending = Pending { challenge: challenge.bytes().to_vec(), until };
        let sealed = self.seal(asked.step(), &asked.of(), &pending);
        (challenge, sealed)
    }
}

/// Where a form goes and what it says.
pub(in crate::staff) struct Form<'a> {
    pub(in crate::staff) action: &'static str,
    pub(in crate::staff) token: &'a str,
    pub(in crate::staff) button: &'static str,
    /// What stands above it.
    pub(in crate::staff) intro: &'static str,
    /// More hidden members.
    pub(in crate::staff) fields: String,
}

/// A form that asks for a proof by one of these passkeys, or by any that the device has. Nothing,
/// where browsers have no passkeys.
pub(in crate::staff) fn proof_box(
    sign_in: &SignIn,
    (asked, now): (Asked<'_>, Timestamp),
    allowed: &[Passkey],
    token: &str,
) -> String {
    let Some(at) = &sign_in.passkeys_at else { return String::new() };
    let (challenge, sealed) = sign_in.ask(asked, now);
    let options = options(at, &challenge, json!({ "allow": ids(allowed) }));
    let (action, button) = match asked {
        Asked::StepUp(_) => ("/staff/step-up/passkey", "Prove it with a passkey"),
        _ => ("/staff/sign-in/passkey", "Sign in with a passkey"),
    };
    let form = Form { action, token, button, intro: "", fields: String::new() };
    show("get", &options, &sealed, form)
}

/// A form that asks for a new passkey of somebody. Nothing, where browsers have none.
pub(in crate::staff) fn enrolment_box(
    sign_in: &SignIn,
    (asked, now): (Asked<'_>, Timestamp),
    (user, email, name): (&[u8; 16], &str, &str),
    known: &[Passkey],
    form: Form<'_>,
) -> String {
    let Some(at) = &sign_in.passkeys_at else { return String::new() };
    let (challenge, sealed) = sign_in.ask(asked, now);
    let user = json!({ "id": BASE64URL_NOPAD.encode(user), "name": email, "displayName": name });
    let own = json!({ "user": user, "algorithms": ALGORITHMS, "exclude": ids(known) });
    let options = options(at, &challenge, own);
    show("create", &options, &sealed, form)
}

/// What every ceremony has, and its own.
fn options(at: &RelyingParty, challenge: &Challenge, own: Value) -> Value {
    let timeout_ms = u64::try_from(FLOW_LIFE.as_millis()).unwrap_or(u64::MAX);
    let common =
        json!({ "challenge": challenge.to_text(), "rpId": at.id(), "timeout": timeout_ms });
    [common, own]
        .into_iter()
        .flat_map(|part| part.as_object().cloned().unwrap_or_default())
        .collect()
}

fn ids(passkeys: &[Passkey]) -> Value {
    let ids = passkeys.iter().map(|passkey| BASE64URL_NOPAD.encode(&passkey.credential_id));
    ids.collect::<Vec<_>>().into()
}

/// Hidden until the script shows it: without one the form could not be sent.
fn show(ceremony: &str, options: &Value, sealed: &str, form: Form<'_>) -> String {
    let Form { action, token, button, intro, fields } = form;
    let fields = format!("{}{fields}", html::hidden("asked", sealed));
    format!(
        "<div class=\"passkey\" data-ceremony=\"{ceremony}\" data-options=\"{}\" hidden>\
         {intro}{}<p class=\"hint\" role=\"status\"></p></div>\
         <noscript><p class=\"quiet\">Passkeys need JavaScript, which this browser does not run \
         here. Everything else on this page works without.</p></noscript>{}",
        escape(&options.to_string()),
        html::form(action, token, &fields, button),
        html::script(),
    )
}
