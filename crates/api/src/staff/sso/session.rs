//! What a provider's word becomes: an account, a session, and the end of those before.

use std::collections::BTreeMap;
use std::time::Duration;

use gate::{App, Dossier};
use kernel::{Pii, Timestamp};
use policy::{Environment, Role};
use signin::federated::Assured;
use signin::{Proven, Ticket, TicketHash, short_agent};
use store::revocations::Revocation;
use store::staff::{self, Account, Admitted, Status};
use store::staff_sessions::{self, NewSession, Vouched};
use store::tenants::{self, Tenant};
use store::{StoreError, TenantTx};
use watch::Person;

use super::Provider;
use super::callback::Known;
use super::flow::Flow;
use crate::Settings;
use crate::reply::Refused;
use crate::staff::{life, may_enter};

/// How it ended.
pub(super) enum Entered {
    /// In.
    In {
        /// Who.
        person: Person,
        /// Their session's id.
        session: String,
    },
    /// Out.
    Out {
        /// Why, for the audit trail.
        why: &'static str,
        /// Who, where they have an account.
        person: Option<Person>,
    },
}

/// One transaction: the account is there as the groups say, and the session begins, or neither.
pub(super) async fn begin(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    (provider, flow): (&Provider, &Flow),
    (known, assured, agency, roles): (&Known, Assured, &str, &[Role]),
    ticket: &Ticket,
) -> Result<Entered, Refused> {
    let out = |why, person| Ok(Entered::Out { why, person });
    let Some(tenant) = tenant(app, agency, api.environment).await? else {
        return out("agency_unknown", None);
    };
    if !may_enter(roles, api.environment) {
        return out("account_role", None);
    }
    let permit = app.policy.system(tenant.id, "sign-in");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let (account, mut ended) = account(&mut tx, api, provider, (&tenant, known, roles)).await?;
    let person = Person { tenant: tenant.id, user: account.id };
    if account.status != Status::Active {
        return out("account_inactive", Some(person));
    }
    ended.extend(replaced(app, &mut tx, &account, flow).await?);
    let of_provider = known.identity.session.as_deref();
    let key = &api.sign_in.key;
    let new = NewSession {
        user: account.id,
        environment: api.environment,
        life: life(roles),
        roles: roles.to_vec(),
        proven: Proven::Provider { is_phishing_resistant: assured.is_phishing_resistant },
        vouched: Some(Vouched {
            provider: provider.name.clone(),
            session: of_provider.map(|sid| key.provider_session(provider.issuer.issuer(), sid)),
            proven_at: Timestamp::from_millis(known.identity.auth_time.saturating_mul(1000)),
        }),
        ticket: ticket.hash(),
        agent: short_agent(dossier.user_agent.as_deref().unwrap_or_default()),
        // Later than what was ended in the same moment.
        signed_in_at: tx.real_now().plus(Duration::from_millis(1)),
    };
    let session = staff_sessions::begin(&mut tx, new).await?;
    tx.commit(None).await?;
    ended.iter().for_each(|one| app.revocations.learn(one));
    Ok(Entered::In { person, session: session.to_string() })
}

/// The account of a provider's word, made where there is none, with the roles that its groups give.
async fn account(
    tx: &mut TenantTx,
    api: &Settings,
    provider: &Provider,
    (tenant, known, roles): (&Tenant, &Known, &[Role]),
) -> Result<(Account, Vec<Revocation>), StoreError> {
    let identity = &known.identity;
    let issuer = provider.issuer.issuer();
    let index = api.sign_in.key.identity(tenant.id.uuid().as_bytes(), issuer, &identity.subject);
    let Some(found) = staff::federated(tx, &index).await? else {
        let new = Admitted {
            index,
            provider: provider.name.clone(),
            email: Pii::new(identity.email.clone().unwrap_or_default()),
            name: Pii::new(identity.name.clone().unwrap_or_default()),
            roles: roles.to_vec(),
        };
        return Ok((staff::admit(tx, new).await?, Vec::new()));
    };
    if found.status != Status::Active || found.roles == roles {
        return Ok((found, Vec::new()));
    }
    let ended = staff::set_roles(tx, &found, roles).await?;
    Ok((found, vec![ended]))
}

/// Ends the session that the browser had before, where it was theirs.
async fn replaced(
    app: &App,
    tx: &mut TenantTx,
    account: &Account,
    flow: &Flow,
) -> Result<Option<Revocation>, StoreError> {
    let Some(before) = flow.before else { return Ok(None) };
    let found = staff_sessions::find(&app.store, &TicketHash(before)).await?;
    let found = found.filter(|session| session.user == account.id && session.ended_at.is_none());
    let Some(session) = found else { return Ok(None) };
    match staff_sessions::end(tx, account.id, session.id).await {
        Ok(ended) => Ok(Some(ended)),
        // Ended by a change of roles a moment ago.
        Err(StoreError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs somebody out of each agency that their groups say nothing of any more. Who, where they had
/// an account.
pub(super) async fn leave(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    provider: &Provider,
    (known, granted): (&Known, &BTreeMap<String, Vec<Role>>),
) -> Result<Option<Person>, Refused> {
    let mut left = None;
    for agency in provider.agencies() {
        if granted.contains_key(agency) {
            continue;
        }
        let subject = &known.identity.subject;
        left = end_all((app, api), dossier, provider, (agency, subject)).await?.or(left);
    }
    Ok(left)
}

/// Ends all that somebody has at an agency on the provider's word.
pub(super) async fn end_all(
    (app, api): (&App, &Settings),
    dossier: &Dossier,
    provider: &Provider,
    (agency, subject): (&str, &str),
) -> Result<Option<Person>, Refused> {
    let Some(tenant) = tenant(app, agency, api.environment).await? else { return Ok(None) };
    let issuer = provider.issuer.issuer();
    let index = api.sign_in.key.identity(tenant.id.uuid().as_bytes(), issuer, subject);
    let permit = app.policy.system(tenant.id, "sign-in");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let Some(account) = staff::federated(&tx, &index).await? else { return Ok(None) };
    let ended = staff::end_sessions(&mut tx, &account).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Some(Person { tenant: tenant.id, user: account.id }))
}

/// The agency of a short name, where it is in the environment that is served.
pub(super) async fn tenant(
    app: &App,
    slug: &str,
    environment: Environment,
) -> Result<Option<Tenant>, StoreError> {
    let all = tenants::list(&app.store).await?;
    let found = all.into_iter().find(|tenant| tenant.slug.as_str() == slug);
    Ok(found.filter(|tenant| tenant.environment == environment))
}
