//! A signed-in person's session.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_session")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) hash: Vec<u8>,
    pub(crate) staff_id: Uuid,
    pub(crate) environment: String,
    pub(crate) roles: String,
    pub(crate) agent: String,
    pub(crate) phishing_resistant: bool,
    pub(crate) proven_at: i64,
    pub(crate) created_at: i64,
    pub(crate) seen_at: i64,
    pub(crate) idle_ms: i64,
    pub(crate) expires_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) amr: String,
    pub(crate) provider: Option<String>,
    pub(crate) provider_session: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
