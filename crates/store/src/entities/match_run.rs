//! That the matcher ranked candidates for a job.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "match_run")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) job_id: Uuid,
    pub(crate) job_version: i64,
    pub(crate) scope: String,
    pub(crate) status: String,
    pub(crate) policy_version: String,
    pub(crate) exchange_version: String,
    pub(crate) counts: Json,
    pub(crate) digests: Json,
    pub(crate) scores: Json,
    pub(crate) created_by: String,
    pub(crate) started_at: i64,
    pub(crate) ended_at: i64,
    pub(crate) version: i64,
    pub(crate) asked: Option<String>,
    pub(crate) failure: Option<String>,
    pub(crate) created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
