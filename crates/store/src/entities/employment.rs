//! A worker's engagement. Personal and sensitive columns are sealed under keys of their own.

use sea_orm::entity::prelude::*;

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "employment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) candidate_id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) external_ref: Option<String>,
    pub(crate) status: String,
    pub(crate) country: String,
    pub(crate) concurrent_ok: bool,
    pub(crate) due_on: Option<String>,
    pub(crate) life: Json,
    pub(crate) terms: Json,
    pub(crate) amendments: Json,
    pub(crate) legal_given_name: Option<Vec<u8>>,
    pub(crate) legal_family_name: Option<Vec<u8>>,
    pub(crate) personal_email: Option<Vec<u8>>,
    pub(crate) work_email: Option<Vec<u8>>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) address: Option<Vec<u8>>,
    pub(crate) date_of_birth: Option<Vec<u8>>,
    pub(crate) national_id: Option<Vec<u8>>,
    pub(crate) tax_id: Option<Vec<u8>>,
    pub(crate) bank_account: Option<Vec<u8>>,
    pub(crate) country_data: Option<Vec<u8>>,
    pub(crate) personal_email_index: Option<Vec<u8>>,
    pub(crate) work_email_index: Option<Vec<u8>>,
    pub(crate) phone_index: Option<Vec<u8>>,
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
