//! Founding a tenant and registering its partner: for the demonstration and for operators.

use kernel::{Secret, Slug, TenantId};
use policy::{Environment, Permit, Role};
use store::partners::{self, NewPartner};
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
