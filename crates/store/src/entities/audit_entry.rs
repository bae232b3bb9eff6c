//! An audit event in canonical form. Insert only.

use sea_orm::IntoActiveModel as _;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) at: i64,
    pub(crate) class_uid: i32,
    pub(crate) body: Vec<u8>,
    pub(crate) leaf_hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an event.
pub(crate) fn entry(event: &watch::Event) -> Model {
    let body = event.canonical();
    Model {
        id: event.id().uuid(),
        tenant_id: event.tenant().map(kernel::Id::uuid),
        at: event.at().millis(),
        class_uid: i32::try_from(event.class_uid()).unwrap_or(0),
        leaf_hash: watch::leaf_hash(&body).to_vec(),
        body,
    }
}

/// The same, to be written.
pub(crate) fn row(event: &watch::Event) -> ActiveModel {
    entry(event).into_active_model().reset_all()
}
