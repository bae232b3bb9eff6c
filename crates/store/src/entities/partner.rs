//! An OAuth client of a tenant.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) scopes: String,
    pub(crate) status: String,
    pub(crate) created_at: i64,
    pub(crate) version: i64,
    pub(crate) profile: String,
    pub(crate) grants: String,
    pub(crate) redirect_uris: String,
    pub(crate) par_required: bool,
    pub(crate) first_party: bool,
    pub(crate) certificate_bound: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::tenant::Entity",
        from = "Column::TenantId",
        to = "super::tenant::Column::Id"
    )]
    Tenant,
}

impl Related<super::tenant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Tenant.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
