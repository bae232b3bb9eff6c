//! Staffing agencies: whose data it is.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Slug, TenantId, Timestamp};
use policy::{Environment, Permit};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use vault::TenantKeys;

use crate::entities::{tenant, tenant_counter, tenant_key};
use crate::journal::{Change, Record};
use crate::{Store, StoreError, TenantTx, TenantView, Witness, chores};

/// An agency.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name for URLs; unique in the installation.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Real people or synthetic ones.
    pub environment: Environment,
    /// How it wants things done.
    pub settings: Settings,
}

/// How an agency wants things done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Jobs open without somebody else's approval.
    pub auto_approve: bool,
    /// Months that a candidate's data is kept after the last contact.
    pub candidate_months: u16,
    /// Months without any change after which an active candidate counts as dormant.
    #[serde(default = "a_year")]
    pub dormant_months: u16,
}

const fn a_year() -> u16 {
    12
}

impl Default for Settings {
    fn default() -> Self {
        Self { auto_approve: true, candidate_months: 24, dormant_months: a_year() }
    }
}

/// Founds a tenant: its row, its keys, its counter. The permit is the system's, for the new id.
///
/// # Errors
/// When the slug is taken or the database fails.
pub async fn found(
    store: &Store,
    permit: &Permit,
    witness: &Witness,
    new: Tenant,
) -> Result<(), StoreError> {
    let (keys, wrapped) = TenantKeys::generate(store.keyring(), new.id);
    let keys = Arc::new(keys);
    let (permit, witness) = (permit.clone(), witness.clone());
    let mut tx = TenantTx::begin(store, new.id, Arc::clone(&keys), permit, witness).await?;
    let id = new.id.uuid();
    let key =
        tenant_key::ActiveModel { tenant_id: Set(id), version: Set(1), wrapped: Set(wrapped) };
    let counter =
        tenant_counter::ActiveModel { tenant_id: Set(id), seq: Set(0), change_floor: Set(0) };
    let row = tenant::ActiveModel {
        id: Set(id),
        slug: Set(new.slug.as_str().to_owned()),
        name: Set(new.name),
        environment: Set(new.environment.to_string()),
        status: Set("active".to_owned()),
        settings: Set(json(&new.settings)),
        created_at: Set(tx.now().millis()),
        updated_at: Set(tx.now().millis()),
        version: Set(1),
        clock_offset_ms: Set(0),
    };
    let inserted = tenant::Entity::insert(row).exec_without_returning(&tx.session).await;
    inserted.map_err(StoreError::from_write)?;
    tenant_key::Entity::insert(key).exec_without_returning(&tx.session).await?;
    tenant_counter::Entity::insert(counter).exec_without_returning(&tx.session).await?;
    chores::recur(&tx, tx.now()).await?;
    tx.record(Record {
        resource: "tenant",
        id,
        printed: new.id.to_string(),
        version: 1,
        change: Change::Created,
        event: None,
        fields: Vec::new(),
    });
    tx.commit(None).await?;
    store.keep(new.id, &keys);
    Ok(())
}

/// All tenants, oldest first. Names and slugs only: nothing here is about a person.
///
/// # Errors
/// When the database fails.
pub async fn list(store: &Store) -> Result<Vec<Tenant>, StoreError> {
    let rows =
        tenant::Entity::find().order_by_asc(tenant::Column::Id).all(&store.db().read).await?;
    rows.into_iter().map(Tenant::try_from).collect()
}

/// The view's own tenant.
///
/// # Errors
/// When the database fails.
pub async fn own(view: &TenantView) -> Result<Tenant, StoreError> {
    let row = tenant::Entity::find()
        .filter(tenant::Column::Id.eq(view.tenant().uuid()))
        .one(&view.session)
        .await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// A moment by the tenant's clock, which runs ahead in a sandbox.
///
/// # Errors
/// When the database fails.
pub async fn now(view: &TenantView, at: Timestamp) -> Result<Timestamp, StoreError> {
    Ok(at.plus(ahead(view).await?))
}

/// How far the tenant's clock runs ahead.
pub(crate) async fn ahead(view: &TenantView) -> Result<Duration, StoreError> {
    let row = tenant::Entity::find_by_id(view.tenant().uuid()).one(&view.session).await?;
    let ahead = row.ok_or(StoreError::Missing)?.clock_offset_ms;
    Ok(Duration::from_millis(u64::try_from(ahead).unwrap_or(0)))
}

impl TryFrom<tenant::Model> for Tenant {
    type Error = StoreError;

    fn try_from(row: tenant::Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "tenant",
            id: row.id.to_string(),
            what: what.to_owned(),
        };
        Ok(Self {
            id: TenantId::from_uuid(row.id),
            slug: Slug::parse(&row.slug).map_err(|_| odd("slug"))?,
            environment: row.environment.parse().map_err(|_| odd("environment"))?,
            settings: serde_json::from_value(row.settings.clone()).map_err(|_| odd("settings"))?,
            name: row.name,
        })
    }
}

/// Our own types have string keys and no floats: they always serialise.
fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
