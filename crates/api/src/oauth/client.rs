//! Who is asking an OAuth endpoint, and by which proof.

use std::sync::Arc;

use gate::{App, Dossier};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use kernel::{Problem, TenantId, Timestamp};
use oauth::grants::Family;
use oauth::{
    Against, Authenticated, ClientCertificate, ClientKey, ClientProof, ClientSecret, Evidence,
    ForeignKey, OAuthError, OAuthErrorKind, Profile, RedirectUri, Refused as NotGranted,
    RegisteredClient, Scopes, SecretHash, Uses, authenticate,
};
use policy::{Caller, ClientFacts, Environment};
use signin::acr;
use store::partners::{self, Claimed, Partner, PartnerCertificate, PartnerUses};
use store::revocations::Revoked;
use store::seen;
use watch::{Assured, Authentication, Person};

use crate::Settings;
use crate::reply::Refused;

/// Why an OAuth endpoint gives nothing.
pub(crate) enum Stop {
    /// The protocol refuses.
    Refused(NotGranted),
    /// Something of ours failed.
    Failed(Refused),
}

impl From<NotGranted> for Stop {
    fn from(refused: NotGranted) -> Self {
        Self::Refused(refused)
    }
}

impl From<Refused> for Stop {
    fn from(failed: Refused) -> Self {
        Self::Failed(failed)
    }
}

impl From<store::StoreError> for Stop {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The `Authorization` header; text that is none is read as empty, and refused as that.
pub(crate) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}

/// A client as it is registered, and when that was read.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) client: Arc<RegisteredClient>,
    pub(crate) read_at: Timestamp,
}

/// As [`find`], but who proved themselves by the same secret less than a second ago is not looked
/// up again, unless something of theirs was revoked since. What is issued by it must say that it
/// was issued when the client was read, so that a revocation of that second ends it too.
pub(crate) async fn recall(
    app: &App,
    api: &Settings,
    proof: &ClientProof,
    now: Timestamp,
) -> Result<Option<Known>, Refused> {
    let is_outdated = |known: &Known| {
        let revoked = app.revocations.since(Revoked::Client, &proof.client_id);
        revoked.is_some_and(|at| at >= known.read_at)
    };
    if let Some(known) = api.remembered.find(proof, now).filter(|known| !is_outdated(known)) {
        return Ok(Some(known));
    }
    look_up(app, api, proof, now).await
}

/// As [`find`], and when that was.
pub(crate) async fn look_up(
    app: &App,
    api: &Settings,
    proof: &ClientProof,
    now: Timestamp,
) -> Result<Option<Known>, Refused> {
    let found = find(app, api, proof, now).await?;
    Ok(found.map(|client| Known { client: Arc::new(client), read_at: now }))
}

/// As [`prove`], and remembers who succeeds.
pub(crate) async fn prove_known<'a>(
    app: &App,
    api: &Settings,
    known: Option<&'a Known>,
    proof: &ClientProof,
    dossier: &Dossier,
) -> Result<Authenticated<'a>, Stop> {
    let client = known.map(|known| known.client.as_ref());
    let proven = prove(app, api, client, proof, dossier).await?;
    if let Some(known) = known.filter(|known| known.read_at == dossier.received_at) {
        api.remembered.keep(proof, known);
    }
    Ok(proven)
}

/// The client that a proof names, as it is registered, if there is one. For one that does not exist
/// as much is done as for one that does, so that the time of a refusal tells neither.
pub(crate) async fn find(
    app: &App,
    api: &Settings,
    proof: &ClientProof,
    now: Timestamp,
) -> Result<Option<RegisteredClient>, Refused> {
    match partners::claimed(&app.store, &proof.client_id, now).await? {
        Claimed::Partner(partner) => registered(&partner, api.environment).map(Some),
        Claimed::StandIn(stand_in) => {
            stand_in.spend(|partner| registered(partner, api.environment));
            Ok(None)
        }
        Claimed::Nobody => Ok(None),
    }
}

/// Holds the proof against what is registered, and claims the assertion's id where there is one.
pub(crate) async fn prove<'a>(
    app: &App,
    api: &Settings,
    client: Option<&'a RegisteredClient>,
    proof: &ClientProof,
    dossier: &Dossier,
) -> Result<Authenticated<'a>, Stop> {
    let against = Against {
        peppers: &api.peppers,
        issuer: &api.issuer,
        certificate: dossier.certificate().map(AsRef::as_ref),
        now: dossier.received_at,
    };
    let proven = authenticate(client, proof, &against)?;
    let is_first = match proven.claim() {
        Some(claim) => seen::claim(&app.store, claim).await?,
        None => true,
    };
    let settled = proven.settle(is_first)?;
    if matches!(proof.evidence, Evidence::Basic(_) | Evidence::Post(_)) {
        app.secrets.note(settled.client().tenant, settled.credential(), dossier.received_at);
    }
    Ok(settled)
}

/// What is known of an attempt besides the proof.
#[derive(Default)]
pub(crate) struct Tried {
    /// The agency of the client that is named, where there is one of that name. Its own trail says
    /// who tries; nobody else's does, and no answer.
    pub(crate) tenant: Option<TenantId>,
    /// Which of the client's credentials proved it.
    pub(crate) credential: Option<String>,
    /// The thumbprint of what the client proved besides, or showed.
    pub(crate) bound_to: Option<String>,
    /// Whom the grant stands for.
    pub(crate) person: Option<Person>,
    /// How strongly they signed in.
    pub(crate) assured: Option<Assured>,
}

impl Tried {
    /// What a proof came to.
    pub(crate) fn of(
        client: Option<&RegisteredClient>,
        (proof, proven): (&ClientProof, &Result<Authenticated<'_>, Stop>),
        dossier: &Dossier,
    ) -> Self {
        let shown =
            dossier.certificate().filter(|_| matches!(proof.evidence, Evidence::Certificate));
        Self {
            tenant: client.map(|client| client.tenant),
            credential: proven.as_ref().ok().map(|client| client.credential().to_owned()),
            bound_to: shown.map(|shown| shown.thumbprint().to_owned()),
            ..Self::default()
        }
    }

    /// Whom a grant stands for, and how they signed in when they gave it.
    pub(crate) fn for_whom(&mut self, family: &Family) {
        let user = family.subject.parse().ok();
        self.person = user.map(|user| Person { tenant: family.tenant, user });
        self.assured = Some(Assured { acr: acr(family.phishing_resistant), amr: "" });
    }
}

/// Notes how a request tried to prove its client; the outcome as the caller is to be told.
pub(crate) fn witnessed<T>(
    dossier: &Dossier,
    proof: &ClientProof,
    tried: Tried,
    outcome: Result<T, Stop>,
) -> Result<T, Refused> {
    let reason = match &outcome {
        Ok(_) => Ok(()),
        Err(Stop::Refused(refused)) => Err(refused.reason.code()),
        Err(Stop::Failed(_)) => Err("failed"),
    };
    dossier.attempted(Authentication {
        client_id: Some(proof.client_id.clone()),
        tenant: tried.tenant,
        person: tried.person,
        credential: tried.credential,
        bound_to: tried.bound_to,
        assured: tried.assured,
        ..Authentication::new(proof.method(), reason)
    });
    outcome.map_err(|stop| match stop {
        Stop::Refused(refused) => refused.error.into(),
        Stop::Failed(failed) => failed,
    })
}

/// What is no request at all; one whose client could not even be read is an attempt as well.
pub(crate) fn unread(dossier: &Dossier, error: OAuthError) -> Refused {
    if error.kind() == OAuthErrorKind::InvalidClient {
        dossier.attempted(Authentication::new("client_authentication", Err("malformed")));
    }
    error.into()
}

/// An authenticated client as the policies know callers.
pub(crate) fn caller(authenticated: &Authenticated<'_>) -> Result<Arc<Caller>, Refused> {
    let client = authenticated.client();
    let odd = |_| Problem::internal("a registered client of an unknown role or environment");
    let roles = client.roles.iter().map(|role| role.parse().map_err(odd));
    Ok(Arc::new(Caller::client(ClientFacts {
        client_id: client.client_id.clone(),
        tenant: client.tenant,
        environment: client.environment.parse().map_err(odd)?,
        roles: roles.collect::<Result<_, Problem>>()?,
        scopes: client.allowed.iter().map(ToOwned::to_owned).collect(),
        credential: Some(authenticated.credential().to_owned()),
    })))
}

/// A stored partner, as the protocol knows it.
pub(crate) fn registered(
    partner: &Partner,
    environment: Environment,
) -> Result<RegisteredClient, Refused> {
    let odd = || Problem::internal("a stored partner that is none");
    let secrets = partner.secrets.iter().map(|secret| {
        let hash = SecretHash::from_bytes(&secret.hash).map_err(|_| odd())?;
        Ok(ClientSecret { id: secret.id.clone(), hash, expires: secret.expires_at })
    });
    let keys = partner.keys.iter().map(|kept| {
        let key = ForeignKey::parse(kept.jwk.as_bytes()).map_err(|_| odd())?;
        Ok(ClientKey { id: kept.id.clone(), key, expires: None })
    });
    Ok(RegisteredClient {
        client_id: partner.client_id.clone(),
        tenant: partner.tenant,
        environment: partner.environment.clone(),
        roles: vec![partner.role.to_string()],
        allowed: Scopes::parse(&partner.scopes).map_err(|_| odd())?,
        active: partner.active && partner.environment == environment.as_str(),
        profile: if partner.strict { Profile::Fapi2 } else { Profile::Baseline },
        uses: Uses { first_party: partner.first_party, ..uses(&partner.uses) },
        certificates: partner.certificates.iter().map(certificate).collect(),
        certificate_bound: partner.certificate_bound,
        secrets: secrets.collect::<Result<_, Problem>>()?,
        keys: keys.collect::<Result<_, Problem>>()?,
    })
}

fn certificate(kept: &PartnerCertificate) -> ClientCertificate {
    ClientCertificate { id: kept.id.clone(), rule: kept.rule.clone() }
}

fn uses(kept: &PartnerUses) -> Uses {
    let may = |grant: &str| kept.grants.iter().any(|known| known == grant);
    Uses {
        client_credentials: may("client_credentials"),
        authorization_code: may("authorization_code"),
        refresh_token: may("refresh_token"),
        first_party: false,
        redirect_uris: kept.redirect_uris.iter().map(|uri| RedirectUri::known(uri)).collect(),
        par_required: kept.par_required,
    }
}
