//! A person to place. The sealed columns hold personal data.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "candidate")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) external_ref: Option<String>,
    pub(crate) status: String,
    pub(crate) consent: Json,
    pub(crate) skills: String,
    pub(crate) profile: Json,
    pub(crate) given_name: Option<Vec<u8>>,
    pub(crate) family_name: Option<Vec<u8>>,
    pub(crate) preferred_name: Option<Vec<u8>>,
    pub(crate) email: Option<Vec<u8>>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) address: Option<Vec<u8>>,
    pub(crate) summary: Option<Vec<u8>>,
    pub(crate) employments_history: Option<Vec<u8>>,
    pub(crate) education: Option<Vec<u8>>,
    pub(crate) email_index: Option<Vec<u8>>,
    pub(crate) phone_index: Option<Vec<u8>>,
    pub(crate) retain_until: Option<i64>,
    pub(crate) consent_until: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
    pub(crate) merged_into: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
