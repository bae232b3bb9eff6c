//! Founding a tenant and registering its partner: for the demonstration and for operators.

use kernel::{Email, Line, Pii, Secret, Slug, TenantId, UserId};
use policy::{Environment, Permit, Role};
use signin::Ticket;
use store::partners::{self, NewPartner};
use store::staff::{self, ENROLMENT_LIFE, NewAccount};
use store::tenants::{self, Settings, Tenant};
use store::{StoreError, TenantTx, Witness};

use crate::keys;
use crate::wire::Base;

/// A partner whose secret is known this once.
pub(crate) struct Registered {
    /// The OAuth client.
    pub(crate) client_id: String,
    /// Shown once, kept as a keyed hash only.
    pub(crate) client_secret: Secret<String>,
    /// What it may ask for.
    pub(crate) scopes: Vec<String>,
}

/// A partner to register.
pub(crate) struct Partner<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What kind of application it is.
    pub(crate) role: Role,
    /// What it may ask for.
    pub(crate) scopes: Vec<String>,
}

/// Somebody on the staff, and the link by which they enrol.
pub(crate) struct Invited {
    /// Their address.
    pub(crate) email: String,
    /// What they are.
    pub(crate) role: Role,
    /// Shown once, kept as a hash only.
    pub(crate) link: Ticket,
}

/// Somebody to take onto the staff.
pub(crate) struct Person {
    /// Their address.
    pub(crate) email: Email,
    /// Their name.
    pub(crate) name: Line<1, 120>,
    /// What they are.
    pub(crate) role: Role,
}

/// What a command's audit entries say.
pub(crate) fn witness(base: &Base, operation: &str) -> Witness {
    Witness {
        scene: watch::Scene {
            at: base.clock.now(),
            request: None,
            trace: None,
            tenant: None,
            source_ip: None,
            user_agent: None,
        },
        operation: operation.to_owned(),
        claim: None,
    }
}

/// Founds a tenant; the system's permit for it.
///
/// # Errors
/// When the slug is taken or the database fails.
pub(crate) async fn found(
    base: &Base,
    witness: &Witness,
    (name, slug, environment): (&str, Slug, Environment),
) -> Result<Permit, StoreError> {
    let id = TenantId::new(base.clock.as_ref());
    let permit = base.policy.system(id, "bootstrap");
    let settings = Settings::default();
    let tenant = Tenant { id, slug, name: name.to_owned(), environment, settings };
    tenants::found(&base.store, &permit, witness, tenant).await?;
    Ok(permit)
}

/// Registers a partner in a transaction.
///
/// # Errors
/// When the database fails.
pub(crate) async fn register(
    base: &Base,
    tx: &mut TenantTx,
    partner: Partner<'_>,
) -> Result<Registered, StoreError> {
    let client_id = oauth::generate_client_id();
    let client_secret = oauth::generate_client_secret();
    let pepper = keys::pepper(&base.keyring);
    let hash = oauth::hash_secret(&pepper, client_secret.expose());
    let new = NewPartner {
        client_id: client_id.clone(),
        name: partner.name.to_owned(),
        role: partner.role,
        scopes: partner.scopes.join(" "),
        secret_hash: hash.to_bytes().to_vec(),
    };
    partners::register(tx, new).await?;
    Ok(Registered { client_id, client_secret, scopes: partner.scopes })
}

/// Takes somebody onto the staff in a transaction, with a link by which they enrol.
///
/// # Errors
/// When the agency has somebody with this address, or the database fails.
pub(crate) async fn take_on(
    base: &Base,
    tx: &mut TenantTx,
    agency: &str,
    person: Person,
) -> Result<Invited, StoreError> {
    let index = api::sign_in_key(&base.keyring).index(agency, &person.email.folded());
    let (email, role) = (person.email.as_str().to_owned(), person.role);
    let new = NewAccount {
        index,
        email: Pii::new(person.email),
        name: Pii::new(person.name),
        roles: vec![role],
    };
    let user = staff::add(tx, new).await?;
    Ok(Invited { email, role, link: invite(tx, user).await? })
}

/// A new link for somebody; earlier ones are good no more.
///
/// # Errors
/// When the database fails.
pub(crate) async fn invite(tx: &mut TenantTx, user: UserId) -> Result<Ticket, StoreError> {
    let link = Ticket::generate();
    staff::invite(tx, user, (link.hash(), tx.real_now().plus(ENROLMENT_LIFE))).await?;
    Ok(link)
}
