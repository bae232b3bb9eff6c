//! A candidate considered for a job. The note is sealed.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_match")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) job_id: Uuid,
    pub(crate) candidate_id: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) place: i64,
    pub(crate) eligible: bool,
    pub(crate) score: i64,
    pub(crate) inputs_hash: String,
    pub(crate) assessment: Option<Json>,
    pub(crate) stage: String,
    pub(crate) moved_at: Option<i64>,
    pub(crate) presented_at: Option<i64>,
    pub(crate) decision: Option<Json>,
    pub(crate) decision_note: Option<Vec<u8>>,
    pub(crate) employment_id: Option<Uuid>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) scored_at: i64,
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
