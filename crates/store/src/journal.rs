//! What a transaction leaves behind besides its rows: audit entries, events, the change log.
//!
//! Written in the transaction of the change, so that neither exists without the other
//! (control: LOG-2).

use kernel::{Clock, EventId, Timestamp};
use policy::Permit;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use staffing::event::published::is_published;
use uuid::Uuid;
use watch::{Actor, ChangeKind, Event, Scene};

use crate::entities::{audit_entry, change_log, outbox, tenant_counter};
use crate::resources::Resource;
use crate::tenant::TenantView;
use crate::{StoreError, Witness};

/// One thing that a transaction did to one resource.
#[derive(Clone, Debug)]
pub struct Record {
    /// `job`, `candidate`, …
    pub resource: &'static str,
    /// Which one, as stored.
    pub id: Uuid,
    /// Which one, as printed.
    pub printed: String,
    /// Its version after the change.
    pub version: i64,
    /// What happened to it.
    pub change: Change,
    /// The event's name: `job.opened`. None for what no one may subscribe to.
    pub event: Option<&'static str>,
    /// Names of the members that changed. Never values.
    pub fields: Vec<String>,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It came to be.
    Created,
    /// It changed.
    Updated,
    /// It went.
    Deleted,
}

/// SHA-256, in hex, of what a change followed from and of what came out, each by its name.
pub(crate) type Digests = Vec<(&'static str, String)>;

/// The records of one transaction, in order, with their digests.
#[derive(Default)]
pub(crate) struct Journal(Vec<(Record, Digests)>);

impl Journal {
    pub(crate) fn push(&mut self, record: Record) {
        self.prove(record, Vec::new());
    }

    /// Takes a record that the audit trail is to keep with digests.
    pub(crate) fn prove(&mut self, record: Record, digests: Digests) {
        self.0.push((record, digests));
    }

    /// What the transaction is about: the first thing that it touched.
    pub(crate) fn subject(&self) -> Option<Uuid> {
        self.0.first().map(|(record, _)| record.id)
    }

    /// Writes everything, last in the transaction: from here to the commit the tenant's counter is
    /// locked, so the order in the change log is the order of the commits.
    pub(crate) async fn write(
        self,
        view: &TenantView,
        permit: &Permit,
        (witness, at): (&Witness, Timestamp),
        clock: &dyn Clock,
    ) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let first = reserve(view, self.0.len()).await?;
        let tenant = view.tenant();
        let actor = crate::recorder::actor(permit.caller());
        // Whatever the witness was told: a change is in the data of the transaction's tenant.
        let scene = Scene { tenant: Some(tenant), ..witness.scene.clone() };
        // A bulk change is written in parts, so that memory does not grow with it.
        for (part, first) in self.0.chunks(PART_MAX).zip((first..).step_by(PART_MAX)) {
            let told = Told { scene: &scene, witness, actor: &actor, at };
            write_part(part, first, view, permit, &told, clock).await?;
        }
        Ok(())
    }
}

/// What all records of a transaction have in common. `at` is by the tenant's clock, the scene by
/// the platform's.
struct Told<'a> {
    scene: &'a Scene,
    witness: &'a Witness,
    actor: &'a Actor,
    at: Timestamp,
}

async fn write_part(
    records: &[(Record, Digests)],
    first: i64,
    view: &TenantView,
    permit: &Permit,
    told: &Told<'_>,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let tenant = view.tenant().uuid();
    let Told { scene, witness, actor, .. } = told;
    let mut changes = Vec::with_capacity(records.len());
    let mut events = Vec::with_capacity(records.len());
    let mut entries = Vec::with_capacity(records.len());
    for ((record, digests), seq) in records.iter().zip(first..) {
        let event_id = EventId::new(clock);
        changes.push(change_row(record, tenant, seq, told.at));
        events.extend(event_row(record, tenant, seq, event_id, told, permit));
        let event =
            Event::change(event_id, scene, actor, audited(record, digests, permit, witness));
        entries.push(audit_entry::row(&event));
    }
    change_log::Entity::insert_many(changes).exec_without_returning(&view.session).await?;
    if !events.is_empty() {
        outbox::Entity::insert_many(events).exec_without_returning(&view.session).await?;
    }
    audit_entry::Entity::insert_many(entries).exec_without_returning(&view.session).await?;
    Ok(())
}

/// Takes `count` numbers from the tenant's counter; the first of them.
async fn reserve(view: &TenantView, count: usize) -> Result<i64, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last = tenant_counter::advance(&view.session, view.tenant().uuid(), count).await?;
    Ok(last - count + 1)
}

fn change_row(record: &Record, tenant: Uuid, seq: i64, at: Timestamp) -> change_log::ActiveModel {
    change_log::ActiveModel {
        tenant_id: Set(tenant),
        seq: Set(seq),
        resource_type: Set(record.resource.to_owned()),
        resource_id: Set(record.id),
        version: Set(record.version),
        op: Set(record.change.name().to_owned()),
        at: Set(at.millis()),
    }
}

/// Thin by design: names of what changed, never what it changed to.
fn event_row(
    record: &Record,
    tenant: Uuid,
    seq: i64,
    id: EventId,
    told: &Told<'_>,
    permit: &Permit,
) -> Option<outbox::ActiveModel> {
    let kind = record.event?;
    // INVARIANT: what happens has a name that subscribers know.
    debug_assert!(is_published(kind), "`{kind}` is not published");
    let payload = json!({
        "id": id,
        "seq": seq,
        "type": kind,
        "api_version": API_VERSION,
        "occurred_at": told.at,
        "actor": { "type": permit.caller().kind().name(), "id": permit.caller().id() },
        "object": {
            "type": record.resource,
            "id": record.printed,
            "version": record.version,
            "href": Resource::find(record.resource)
                .map(|resource| format!("/v1/{}/{}", resource.path, record.printed)),
        },
        "changed": record.fields,
        "request_id": told.scene.request,
    });
    Some(outbox::ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tenant),
        seq: Set(seq),
        kind: Set(kind.to_owned()),
        payload: Set(payload),
        at: Set(told.at.millis()),
        delivered_at: Set(None),
    })
}

fn audited(
    record: &Record,
    digests: &Digests,
    permit: &Permit,
    witness: &Witness,
) -> watch::Change {
    watch::Change {
        operation: witness.operation.clone(),
        kind: match record.change {
            Change::Created => ChangeKind::Create,
            Change::Updated => ChangeKind::Update,
            Change::Deleted => ChangeKind::Delete,
        },
        resource_type: record.resource,
        resource_id: record.printed.clone(),
        version: record.version,
        fields: record.fields.clone(),
        digests: digests.clone(),
        policies: permit.policies().iter().map(ToString::to_string).collect(),
    }
}

impl Change {
    const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// The form of events.
const API_VERSION: &str = "2026-11-01";
/// Well below the parameters that a statement may have on either database.
const PART_MAX: usize = 256;
