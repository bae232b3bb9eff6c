//! Somebody who is kept out for a while.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ban")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// None for an address.
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) rung: i32,
    pub(crate) cause: String,
    pub(crate) created_by: String,
    pub(crate) placed_at: i64,
    pub(crate) until: i64,
    pub(crate) lifted_at: Option<i64>,
    pub(crate) lifted_by: Option<String>,
    pub(crate) changed_at: i64,
    pub(crate) forgotten_at: i64,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
