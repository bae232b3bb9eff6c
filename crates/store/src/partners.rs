//! OAuth clients: who of a tenant's partners may call, with what.

mod secrets;

pub use secrets::{KeptSecret, LISTED_MAX, end_one_secret, secret_used, secrets};

use kernel::{Id, PartnerId, TenantId, Timestamp};
use oauth::{CertificateRule, SecretHash};
use policy::Role;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};

use crate::dialect::{self, Context};
use crate::entities::{partner, partner_certificate, partner_key, partner_secret, tenant};
use crate::journal::{Change, Record};
use crate::session::Session;
use crate::{Store, StoreError, TenantTx};

/// An OAuth client of a tenant.
#[derive(Clone, Debug)]
pub struct Partner {
    /// Its id among our resources.
    pub id: PartnerId,
    /// Its id as an OAuth client.
    pub client_id: String,
    /// The one tenant that it belongs to.
    pub tenant: TenantId,
    /// The tenant's environment, as tokens state it.
    pub environment: String,
    /// Its name.
    pub name: String,
    /// What kind of application it is.
    pub role: Role,
    /// The widest scope that a token may have, separated by spaces.
    pub scopes: String,
    /// May it get tokens?
    pub active: bool,
    /// Is it held to FAPI 2.0?
    pub strict: bool,
    /// Which grants it may use, and where people are sent back to.
    pub uses: PartnerUses,
    /// May people type their password into it?
    pub first_party: bool,
    /// Keyed hashes of its live secrets.
    pub secrets: Vec<PartnerSecret>,
    /// Its live public keys.
    pub keys: Vec<PartnerKey>,
    /// Which certificates are its own.
    pub certificates: Vec<PartnerCertificate>,
    /// Are its tokens bound to the certificate that it shows?
    pub certificate_bound: bool,
}

/// Which grants a client may use, and where people are sent back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerUses {
    /// Names of grant types (RFC 7591 §2).
    pub grants: Vec<String>,
    /// Redirection URIs.
    pub redirect_uris: Vec<String>,
    /// Must it push its authorization requests?
    pub par_required: bool,
}

/// A live public key.
#[derive(Clone, Debug)]
pub struct PartnerKey {
    /// Its id, as audit entries name it.
    pub id: String,
    /// The key as a JWK, as it was registered.
    pub jwk: String,
}

/// Which certificates are a client's.
#[derive(Clone, Debug)]
pub struct PartnerCertificate {
    /// Its id, as audit entries name it.
    pub id: String,
    /// What is compared.
    pub rule: CertificateRule,
}

/// A live secret.
#[derive(Clone, Debug)]
pub struct PartnerSecret {
    /// Its id, as audit entries name it.
    pub id: String,
    /// Its keyed hash, as the `oauth` crate made it.
    pub hash: Vec<u8>,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A client to register. Client id and secret are made by the `oauth` crate, never chosen.
#[derive(Clone, Debug)]
pub struct NewPartner {
    /// Its id as an OAuth client.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// What kind of application it is.
    pub role: Role,
    /// The widest scope, separated by spaces.
    pub scopes: String,
    /// The keyed hash of its first secret.
    pub secret_hash: Vec<u8>,
}

/// Registers a client with its first secret.
///
/// # Errors
/// When the database fails.
pub async fn register(tx: &mut TenantTx, new: NewPartner) -> Result<PartnerId, StoreError> {
    let id = PartnerId::new(tx.clock());
    let secret = partner_secret::ActiveModel {
        id: Set(Id::<kernel::id::kinds::Event>::new(tx.clock()).uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(new.client_id.clone()),
        hash: Set(new.secret_hash),
        created_at: Set(tx.now().millis()),
        expires_at: Set(None),
        used_at: Set(None),
    };
    let row = partner::ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(new.client_id),
        name: Set(new.name),
        role: Set(new.role.to_string()),
        scopes: Set(new.scopes),
        status: Set(ACTIVE.to_owned()),
        created_at: Set(tx.now().millis()),
        version: Set(1),
        profile: Set(BASELINE.to_owned()),
        grants: Set(CLIENT_CREDENTIALS.to_owned()),
        redirect_uris: Set(String::new()),
        par_required: Set(false),
        first_party: Set(false),
        certificate_bound: Set(false),
    };
    let record = |event| Record {
        resource: "partner",
        id: id.uuid(),
        printed: id.to_string(),
        version: 1,
        change: Change::Created,
        event,
        fields: Vec::new(),
    };
    tx.insert(row, record(None)).await?;
    partner_secret::Entity::insert(secret).exec_without_returning(&tx.session).await?;
    Ok(id)
}

/// The client that a request claims to come from, before it has proven anything.
///
/// # Errors
/// When the database fails.
pub async fn find(
    store: &Store,
    client_id: &str,
    now: Timestamp,
) -> Result<Option<Partner>, StoreError> {
    let session = store.read_as(Context::Client(client_id.to_owned())).await?;
    read(&session, client_id, now).await
}

/// What was read for a client that a request claims to come from.
#[derive(Debug)]
pub enum Claimed {
    /// That client.
    Partner(Partner),
    /// There is none, and another's registration was read instead.
    StandIn(StandIn),
    /// There is none, and nobody was ever found who could stand in.
    Nobody,
}

/// A registration that is not the claimed client's, and good for nothing but for taking the time
/// that the claimed one's would have taken.
#[derive(Debug)]
pub struct StandIn(Partner);

impl StandIn {
    /// Makes of it what would have been made of the claimed client, and drops it.
    pub fn spend<T>(self, make: impl FnOnce(&Partner) -> T) {
        drop(std::hint::black_box(make(&self.0)));
    }
}

/// As [`find`], and the time that it takes does not tell whether the client exists: one question
/// says so with one row in any case, and the others are asked for whoever does.
///
/// # Errors
/// When the database fails.
pub async fn claimed(
    store: &Store,
    client_id: &str,
    now: Timestamp,
) -> Result<Claimed, StoreError> {
    let session = store.read_as(Context::Client(client_id.to_owned())).await?;
    let rows = partner::Entity::find().filter(partner::Column::ClientId.eq(client_id));
    let exists = rows.count(&session).await? > 0;
    let stand_in = store.stand_in().unwrap_or_default();
    let asked = if exists { client_id } else { &stand_in };
    dialect::enter(&session, Context::Client(asked.to_owned())).await?;
    let read = read(&session, asked, now).await?;
    Ok(match (read, exists) {
        (Some(partner), true) => {
            store.may_stand_in(client_id);
            Claimed::Partner(partner)
        }
        (Some(partner), false) => Claimed::StandIn(StandIn(partner)),
        (None, _) => Claimed::Nobody,
    })
}

async fn read(
    session: &Session,
    client_id: &str,
    now: Timestamp,
) -> Result<Option<Partner>, StoreError> {
    let row = partner::Entity::find()
        .filter(partner::Column::ClientId.eq(client_id))
        .find_also_related(tenant::Entity)
        .one(session)
        .await?;
    let secrets = partner_secret::Entity::find()
        .filter(partner_secret::Column::ClientId.eq(client_id))
        .order_by_desc(partner_secret::Column::CreatedAt)
        .all(session)
        .await?;
    let live = secrets
        .into_iter()
        .filter(|secret| secret.expires_at.is_none_or(|until| until > now.millis()))
        .map(|secret| PartnerSecret {
            id: secrets::printed(secret.id),
            hash: secret.hash,
            expires_at: secret.expires_at.map(Timestamp::from_millis),
        })
        .collect();
    let keys = keys(session, client_id, now).await?;
    let certificates = certificates(session, client_id).await?;
    let Some((row, Some(tenant))) = row else { return Ok(None) };
    let partner = parse(row, &tenant, (live, keys))?;
    Ok(Some(Partner { certificates, ..partner }))
}

async fn keys(
    session: &Session,
    client_id: &str,
    now: Timestamp,
) -> Result<Vec<PartnerKey>, StoreError> {
    let rows = partner_key::Entity::find()
        .filter(partner_key::Column::ClientId.eq(client_id))
        .order_by_desc(partner_key::Column::CreatedAt)
        .all(session)
        .await?;
    let live = rows.into_iter().filter(|row| row.expires_at.is_none_or(|end| end > now.millis()));
    Ok(live
        .map(|row| PartnerKey { id: format!("key_{}", row.id.simple()), jwk: row.jwk })
        .collect())
}

/// A secret of some client.
#[derive(Clone, Debug)]
pub struct FoundSecret {
    /// Whose data it reaches.
    pub tenant: TenantId,
    /// Whose secret it is.
    pub client_id: String,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    row: uuid::Uuid,
}

/// The secret with this keyed hash, whoever has it.
///
/// # Errors
/// When the database fails.
pub async fn find_secret(
    store: &Store,
    hash: &SecretHash,
) -> Result<Option<FoundSecret>, StoreError> {
    let session = store.read_as(Context::Presented(hash.to_text())).await?;
    let found = partner_secret::Entity::find()
        .filter(partner_secret::Column::Hash.eq(hash.to_bytes().to_vec()))
        .one(&session)
        .await?;
    Ok(found.map(|row| FoundSecret {
        tenant: TenantId::from_uuid(row.tenant_id),
        client_id: row.client_id,
        expires_at: row.expires_at.map(Timestamp::from_millis),
        row: row.id,
    }))
}

/// Ends a secret that was found in public, and tells who administers its client.
///
/// # Errors
/// [`StoreError::Missing`] when the client is gone.
pub async fn end_secret(tx: &mut TenantTx, found: &FoundSecret) -> Result<(), StoreError> {
    partner_secret::Entity::update_many()
        .col_expr(partner_secret::Column::ExpiresAt, tx.real_now().millis().into())
        .filter(partner_secret::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(partner_secret::Column::Id.eq(found.row))
        .exec(&tx.session)
        .await?;
    let row = row(tx, &found.client_id).await?;
    let update = partner::Entity::update_many();
    save_as(tx, &row, update, (&["secrets"], Some("partner.secret_leaked"))).await
}

/// Gives a client a further secret.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client.
pub async fn add_secret(
    tx: &mut TenantTx,
    client_id: &str,
    hash: Vec<u8>,
) -> Result<(), StoreError> {
    let row = row(tx, client_id).await?;
    let secret = partner_secret::ActiveModel {
        id: Set(Id::<kernel::id::kinds::Event>::new(tx.clock()).uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(client_id.to_owned()),
        hash: Set(hash),
        created_at: Set(tx.now().millis()),
        expires_at: Set(None),
        used_at: Set(None),
    };
    partner_secret::Entity::insert(secret).exec_without_returning(&tx.session).await?;
    save(tx, &row, partner::Entity::update_many(), &["secrets"]).await
}

async fn certificates(
    session: &Session,
    client_id: &str,
) -> Result<Vec<PartnerCertificate>, StoreError> {
    let rows = partner_certificate::Entity::find()
        .filter(partner_certificate::Column::ClientId.eq(client_id))
        .order_by_desc(partner_certificate::Column::Id)
        .all(session)
        .await?;
    let parsed = rows.into_iter().map(|row| {
        let rule = CertificateRule::parse(&row.kind, &row.value);
        let rule = rule.ok_or_else(|| StoreError::Inconsistent {
            table: "partner_certificate",
            id: row.id.to_string(),
            what: row.kind,
        })?;
        Ok(PartnerCertificate { id: format!("crt_{}", row.id.simple()), rule })
    });
    parsed.collect()
}

/// Replaces which certificates are a client's, and says whether its tokens are bound to the one
/// that it shows, however it proves itself. Who proves itself by one has bound tokens in any case.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client.
pub async fn set_certificates(
    tx: &mut TenantTx,
    client_id: &str,
    rules: &[CertificateRule],
    bound: bool,
) -> Result<(), StoreError> {
    let row = row(tx, client_id).await?;
    partner_certificate::Entity::delete_many()
        .filter(partner_certificate::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(partner_certificate::Column::ClientId.eq(client_id))
        .exec(&tx.session)
        .await?;
    for rule in rules {
        let certificate = partner_certificate::ActiveModel {
            id: Set(Id::<kernel::id::kinds::Event>::new(tx.clock()).uuid()),
            tenant_id: Set(tx.tenant().uuid()),
            client_id: Set(client_id.to_owned()),
            kind: Set(rule.kind().to_owned()),
            value: Set(rule.value()),
            created_at: Set(tx.real_now().millis()),
        };
        let insert = partner_certificate::Entity::insert(certificate);
        insert.exec_without_returning(&tx.session).await?;
    }
    let update =
        partner::Entity::update_many().col_expr(partner::Column::CertificateBound, bound.into());
    save(tx, &row, update, &["certificates", "certificate_bound"]).await
}

/// Replaces a client's public keys, and says whether it is held to FAPI 2.0 from now on.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client.
pub async fn set_keys(
    tx: &mut TenantTx,
    client_id: &str,
    jwks: &[String],
    strict: bool,
) -> Result<(), StoreError> {
    let row = row(tx, client_id).await?;
    partner_key::Entity::delete_many()
        .filter(partner_key::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(partner_key::Column::ClientId.eq(client_id))
        .exec(&tx.session)
        .await?;
    for jwk in jwks {
        let key = partner_key::ActiveModel {
            id: Set(Id::<kernel::id::kinds::Event>::new(tx.clock()).uuid()),
            tenant_id: Set(tx.tenant().uuid()),
            client_id: Set(client_id.to_owned()),
            jwk: Set(jwk.clone()),
            created_at: Set(tx.real_now().millis()),
            expires_at: Set(None),
        };
        partner_key::Entity::insert(key).exec_without_returning(&tx.session).await?;
    }
    let update =
        partner::Entity::update_many().col_expr(partner::Column::Profile, profile(strict).into());
    save(tx, &row, update, &["keys", "profile"]).await
}

/// Replaces what a client may use and where people are sent back to.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client.
pub async fn set_uses(
    tx: &mut TenantTx,
    client_id: &str,
    uses: &PartnerUses,
) -> Result<(), StoreError> {
    let row = row(tx, client_id).await?;
    // Neither a grant's name nor a URI has a space in it.
    let update = partner::Entity::update_many()
        .col_expr(partner::Column::Grants, uses.grants.join(" ").into())
        .col_expr(partner::Column::RedirectUris, uses.redirect_uris.join(" ").into())
        .col_expr(partner::Column::ParRequired, uses.par_required.into());
    save(tx, &row, update, &["grants", "redirect_uris", "par_required"]).await
}

/// Says whether a client is the agency's own, into which people may type their password.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has no such client.
pub async fn set_first_party(
    tx: &mut TenantTx,
    client_id: &str,
    is_it: bool,
) -> Result<(), StoreError> {
    let row = row(tx, client_id).await?;
    let update = partner::Entity::update_many().col_expr(partner::Column::FirstParty, is_it.into());
    save(tx, &row, update, &["first_party"]).await
}

async fn row(tx: &TenantTx, client_id: &str) -> Result<partner::Model, StoreError> {
    let found = tx.find::<partner::Entity>().filter(partner::Column::ClientId.eq(client_id));
    found.one(&tx.session).await?.ok_or(StoreError::Missing)
}

async fn save(
    tx: &mut TenantTx,
    row: &partner::Model,
    update: sea_orm::UpdateMany<partner::Entity>,
    fields: &[&str],
) -> Result<(), StoreError> {
    save_as(tx, row, update, (fields, None)).await
}

async fn save_as(
    tx: &mut TenantTx,
    row: &partner::Model,
    update: sea_orm::UpdateMany<partner::Entity>,
    (fields, event): (&[&str], Option<&'static str>),
) -> Result<(), StoreError> {
    let update = update
        .col_expr(partner::Column::Version, (row.version + 1).into())
        .filter(partner::Column::Id.eq(row.id))
        .filter(partner::Column::Version.eq(row.version));
    let record = Record {
        resource: "partner",
        id: row.id,
        printed: PartnerId::from_uuid(row.id).to_string(),
        version: row.version + 1,
        change: Change::Updated,
        event,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    };
    let is_done = tx.update(update, record).await?;
    if is_done { Ok(()) } else { Err(StoreError::Stale { current: row.version }) }
}

const fn profile(strict: bool) -> &'static str {
    if strict { FAPI2 } else { BASELINE }
}

/// The clients of the transaction's tenant, oldest first, without their secrets.
///
/// # Errors
/// When the database fails.
pub async fn list(view: &crate::TenantView) -> Result<Vec<Partner>, StoreError> {
    let own = tenant::Entity::find_by_id(view.tenant().uuid()).one(&view.session).await?;
    let own = own.ok_or(StoreError::Missing)?;
    let rows =
        view.find::<partner::Entity>().order_by_asc(partner::Column::Id).all(&view.session).await?;
    rows.into_iter().map(|row| parse(row, &own, (Vec::new(), Vec::new()))).collect()
}

pub(crate) fn parse(
    row: partner::Model,
    tenant: &tenant::Model,
    (secrets, keys): (Vec<PartnerSecret>, Vec<PartnerKey>),
) -> Result<Partner, StoreError> {
    let role = row.role.parse().map_err(|_| StoreError::Inconsistent {
        table: "partner",
        id: row.id.to_string(),
        what: "role".to_owned(),
    })?;
    Ok(Partner {
        id: PartnerId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        environment: tenant.environment.clone(),
        active: row.status == ACTIVE && tenant.status == ACTIVE,
        client_id: row.client_id,
        name: row.name,
        scopes: row.scopes,
        role,
        first_party: row.first_party,
        // Whatever is not known to be lenient is strict.
        strict: row.profile != BASELINE,
        uses: PartnerUses {
            grants: words(&row.grants),
            redirect_uris: words(&row.redirect_uris),
            par_required: row.par_required,
        },
        certificate_bound: row.certificate_bound,
        certificates: Vec::new(),
        secrets,
        keys,
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const ACTIVE: &str = "active";
const BASELINE: &str = "baseline";
const FAPI2: &str = "fapi2";
const CLIENT_CREDENTIALS: &str = "client_credentials";
