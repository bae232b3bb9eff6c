//! A company that the agency places people with.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "client_company")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) external_ref: Option<String>,
    pub(crate) status: String,
    pub(crate) profile: Json,
    pub(crate) billing_email: Option<Vec<u8>>,
    pub(crate) billing_contact_name: Option<Vec<u8>>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) tax_id: Option<Vec<u8>>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
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
