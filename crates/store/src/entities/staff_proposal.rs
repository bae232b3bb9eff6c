//! What one administrator asks for and another one decides.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_proposal")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) staff_id: Uuid,
    pub(crate) kind: String,
    pub(crate) roles: String,
    pub(crate) requested_by: Uuid,
    pub(crate) requested_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) decided_by: Option<Uuid>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) outcome: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
