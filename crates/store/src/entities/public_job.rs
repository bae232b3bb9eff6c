//! What strangers may read of an open, public job. It holds nothing else.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "public_job")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) tenant_slug: String,
    pub(crate) remote_kind: String,
    pub(crate) employment_type: String,
    pub(crate) search_id: i64,
    pub(crate) search_title: String,
    pub(crate) search_skills: String,
    pub(crate) search_text: String,
    pub(crate) skills: String,
    pub(crate) countries: String,
    pub(crate) posted_at: i64,
    pub(crate) document: Json,
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
