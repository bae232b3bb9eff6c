//! A person on an agency's staff, with what they prove themselves with.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "staff")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) sign_in_index: Vec<u8>,
    pub(crate) email: Vec<u8>,
    pub(crate) display_name: Vec<u8>,
    pub(crate) roles: String,
    pub(crate) status: String,
    pub(crate) password: Option<String>,
    pub(crate) totp_secret: Option<Vec<u8>>,
    pub(crate) totp_step: i64,
    pub(crate) enrolled_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
    pub(crate) provider: Option<String>,
    pub(crate) is_break_glass: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
