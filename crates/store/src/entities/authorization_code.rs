//! An authorization code, as a keyed hash; kept after it was taken until it would have ended.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "authorization_code")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) hash: Vec<u8>,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: String,
    pub(crate) subject: String,
    pub(crate) scopes: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) family: String,
    pub(crate) expires_at: i64,
    pub(crate) taken_at: Option<i64>,
    pub(crate) bound_to: Option<String>,
    pub(crate) auth_time: i64,
    pub(crate) phishing_resistant: bool,
    pub(crate) vouched: bool,
    pub(crate) reused_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
