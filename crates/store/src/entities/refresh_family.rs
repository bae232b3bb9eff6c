//! A chain of refresh tokens that follow from one grant: one row, however often it is used.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_family")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: String,
    pub(crate) subject: String,
    pub(crate) scopes: String,
    pub(crate) bound_to: Option<String>,
    pub(crate) generation: i64,
    pub(crate) current: Vec<u8>,
    pub(crate) previous: Option<Vec<u8>>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) rotated_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) auth_time: i64,
    pub(crate) phishing_resistant: bool,
    pub(crate) vouched: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
