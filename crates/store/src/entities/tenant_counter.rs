//! The last number in a tenant's change log, and the last one that is no longer kept.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};

use crate::tenant::TenantOwned;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_counter")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) change_floor: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}

/// Takes the next `count` numbers and locks the counter until the transaction ends; the last of
/// them.
pub(crate) async fn advance(
    session: &impl ConnectionTrait,
    tenant: Uuid,
    count: i64,
) -> Result<i64, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::Seq, Expr::col(Column::Seq).add(count))
        .filter(Column::TenantId.eq(tenant))
        .exec_with_returning(session)
        .await?;
    rows.first().map(|row| row.seq).ok_or(DbErr::RecordNotFound("tenant_counter".to_owned()))
}
