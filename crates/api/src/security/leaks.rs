//! Reports of leaked credentials, in the form of GitHub's secret scanning partners. What is good is
//! revoked at once; what is not ours is said to be not ours.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::State;
use gate::{App, Dossier};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use kernel::problem::NOT_FOUND;
use kernel::{Code, Problem};
use oauth::leaks::{Found, Label, Leak, ReportKeys, Unsigned};
use oauth::{ApiKey, SecretHash, hash_secret, secret_matches};
use store::revocations::{self, Revocation, Revoked};
use store::{api_keys, partners};
use utoipa::ToSchema;
use watch::Authentication;

use crate::Settings;
use crate::extract::{Facts, Raw};
use crate::reply::{Answer, Refused, Reply};

/// The keys that reports are signed with. They may change while the server runs.
pub struct LeakKeys(ArcSwap<ReportKeys>);

impl LeakKeys {
    /// With the keys of now.
    #[must_use]
    pub fn new(keys: ReportKeys) -> Self {
        Self(ArcSwap::from_pointee(keys))
    }

    /// Puts others in their place.
    pub fn replace(&self, keys: ReportKeys) {
        self.0.store(Arc::new(keys));
    }
}

/// Something that was found where everybody can read it.
#[derive(ToSchema)]
#[schema(as = ReportedLeak)]
#[expect(dead_code, reason = "a schema only: the oauth crate reads it")]
pub(crate) struct LeakForm {
    /// What was found.
    #[schema(min_length = 1, max_length = 512)]
    token: String,
    /// What the scanner takes it for.
    #[schema(min_length = 1, max_length = 128)]
    r#type: String,
    /// Where it was found.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// In what kind of place.
    #[schema(max_length = 64)]
    source: Option<String>,
}

/// What became of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a schema only: the oauth crate writes it")]
pub(crate) struct LeakLabel {
    /// SHA-256 of the token, in base64.
    token_hash: String,
    /// What the scanner took it for.
    token_type: String,
    /// `true_positive` for a credential of ours, which is revoked now, and `false_positive`.
    label: String,
}

/// Report leaked credentials.
///
/// For scanners that find API keys and client secrets of ours in public, in the form of GitHub's
/// secret scanning partners. The body is signed; whatever in it is good is revoked at once. Off
/// until an operator says whose signatures are believed.
#[utoipa::path(
    post, path = "/security/leaked-keys", operation_id = "leak.report", tag = "Security",
    request_body = Vec<LeakForm>,
    params(
        ("Github-Public-Key-Identifier" = Option<String>, Header,
            description = "Which key signed the body", max_length = 256),
        ("Github-Public-Key-Signature" = Option<String>, Header,
            description = "ECDSA on P-256 with SHA-256 over the body, in base64",
            max_length = 256)),
    responses(
        (status = 200, description = "What became of each", body = Vec<LeakLabel>),
        (status = 403, description = "The signature is not one of a known key"),
        (status = 404, description = "No reports are taken here")),
    extensions(("x-ringwall" = json!({
        "action": "leak.report", "access": "public", "body_max": 131072, "sensitive": "high",
        "raw_json": true, "opaque": ["token", "type", "url", "source"],
        "limits": [{ "name": "leaks", "by": ["address"], "max": 300, "window_s": 900 }]
    })))
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Answer {
    let keys = api.leak_keys.as_ref().ok_or_else(|| Problem::new(&NOT_FOUND))?.0.load_full();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let identifier = header("github-public-key-identifier");
    let signed = keys.verify(identifier, header("github-public-key-signature"), &body);
    dossier.attempted(Authentication {
        credential: Some(identifier.to_owned()).filter(|name| !name.is_empty()),
        ..Authentication::new("leak_report", signed.map_err(|Unsigned| "report_unsigned"))
    });
    signed.map_err(|Unsigned| Problem::new(&UNSIGNED))?;
    let leaks: Vec<Leak> = serde_json::from_slice(&body).map_err(Problem::internal)?;
    if leaks.len() > LEAKS_MAX {
        return Err(Problem::new(&TOO_MANY).into());
    }
    let desk = Desk { app: &app, api: &api, dossier: &dossier };
    let mut labels: Vec<Label> = Vec::with_capacity(leaks.len());
    for leak in &leaks {
        labels.push(leak.label(desk.take(leak).await?));
    }
    Ok(Reply::ok(&labels)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

struct Desk<'a> {
    app: &'a App,
    api: &'a Settings,
    dossier: &'a Dossier,
}

impl Desk<'_> {
    /// Revokes it, if it is ours: whether it was.
    async fn take(&self, leak: &Leak) -> Result<bool, Refused> {
        match leak.found() {
            Found::ApiKey(key) => self.take_key(&key).await,
            Found::ClientSecret(secret) => self.take_secret(secret.expose()).await,
            Found::Nothing => Ok(false),
        }
    }

    /// A name alone revokes nothing: the key must be the one that is kept.
    async fn take_key(&self, key: &ApiKey) -> Result<bool, Refused> {
        let found = api_keys::find(&self.app.store, key.key_id()).await?;
        let kept = found.as_ref().map(|found| SecretHash::from_bytes(&found.hash));
        let kept = kept.transpose().map_err(Problem::internal)?;
        let kept = kept.unwrap_or_else(SecretHash::decoy);
        let is_it = secret_matches(&self.api.api_key_peppers, key.whole().expose(), &kept);
        let Some(found) = found.filter(|_| is_it) else { return Ok(false) };
        if found.key.revoked_at.is_some() {
            return Ok(true);
        }
        let permit = self.app.policy.system(found.partner.tenant, "leak report");
        let mut tx = self.app.store.tenant(&permit, &self.dossier.witness()).await?;
        api_keys::leaked(&mut tx, &found.key).await?;
        let one = self.revoked(Revoked::ApiKey, key.key_id());
        revocations::add(&mut tx, &one).await?;
        tx.commit(None).await?;
        self.app.revocations.learn(&one);
        tracing::warn!(key = key.key_id(), "an API key was found in public: it is revoked");
        Ok(true)
    }

    /// The secret ends, and so do the tokens that it may have been used for.
    async fn take_secret(&self, secret: &str) -> Result<bool, Refused> {
        for pepper in &self.api.peppers {
            let hash = hash_secret(pepper, secret);
            let found = partners::find_secret(&self.app.store, &hash).await?;
            let Some(found) = found else { continue };
            let now = self.dossier.received_at;
            if found.expires_at.is_some_and(|end| end <= now) {
                return Ok(true);
            }
            let permit = self.app.policy.system(found.tenant, "leak report");
            let mut tx = self.app.store.tenant(&permit, &self.dossier.witness()).await?;
            partners::end_secret(&mut tx, &found).await?;
            let one = self.revoked(Revoked::Client, &found.client_id);
            revocations::add(&mut tx, &one).await?;
            tx.commit(None).await?;
            self.app.revocations.learn(&one);
            self.api.remembered.forget();
            let client = found.client_id;
            tracing::warn!(client, "a client's secret was found in public: it is revoked");
            return Ok(true);
        }
        Ok(false)
    }

    fn revoked(&self, kind: Revoked, subject: &str) -> Revocation {
        let at = self.dossier.received_at;
        Revocation { kind, subject: subject.to_owned(), at, until: at.plus(REMEMBERED) }
    }
}

/// Nobody whom we know signed the report. Nothing in it was looked at.
pub(crate) const UNSIGNED: Code = Code {
    status: 403,
    name: "leak.unsigned",
    title: "The report is not signed by anybody we know",
    mend: "Sign the very bytes of the body. The operator lists keys in `leak_report_keys_file`.",
};
/// More than one report holds.
pub(crate) const TOO_MANY: Code = Code {
    status: 422,
    name: "leak.too_many",
    title: "The report holds too many findings",
    mend: "Send at most 100 findings in one report.",
};
const LEAKS_MAX: usize = 100;
/// Longer than access tokens live, and than a node remembers a key that it looked up.
const REMEMBERED: Duration = Duration::from_secs(20 * 60);
