//! What nodes have leased and spent of a quota in one of its periods.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "quota_use")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) starts_at: i64,
    pub(crate) used: i64,
    pub(crate) granted: i64,
    pub(crate) ends_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
