//! A position to fill.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) external_ref: Option<String>,
    pub(crate) status: String,
    pub(crate) visibility: String,
    pub(crate) remote_kind: String,
    pub(crate) employment_type: String,
    pub(crate) search_id: i64,
    pub(crate) search_title: String,
    pub(crate) search_skills: String,
    pub(crate) search_text: String,
    pub(crate) skills: String,
    pub(crate) countries: String,
    pub(crate) life: Json,
    pub(crate) document: Json,
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
