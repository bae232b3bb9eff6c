//! The question that is asked most: what of one row is shown.

use std::sync::OnceLock;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PartialModelTrait,
    QueryFilter, QuerySelect, QueryTrait, Statement,
};
use uuid::Uuid;

use crate::StoreError;
use crate::tenant::{TenantOwned, TenantView};

/// A question for a row of a tenant by its id. Its text is written once for each database: to
/// write it anew for each request costs as much as some databases take to answer.
pub(crate) struct ById([OnceLock<String>; 2]);

impl ById {
    pub(crate) const fn new() -> Self {
        Self([OnceLock::new(), OnceLock::new()])
    }

    /// What `M` has of the row whose `column` is this id.
    pub(crate) async fn one<E, M>(
        &self,
        view: &TenantView,
        column: E::Column,
        id: Uuid,
    ) -> Result<Option<M>, StoreError>
    where
        E: TenantOwned,
        M: PartialModelTrait + FromQueryResult,
    {
        let backend = view.session.get_database_backend();
        let [postgres, other] = &self.0;
        let text = if backend == DbBackend::Postgres { postgres } else { other };
        let sql = text.get_or_init(|| written::<E, M>(view, column, id).sql);
        let values = [view.tenant().uuid().into(), id.into(), 1_u64.into()];
        let question = Statement::from_sql_and_values(backend, sql, values);
        M::find_by_statement(question).one(&view.session).await.map_err(StoreError::from)
    }
}

/// The tenant's filter is in it, as in every question: the first value; the id is the second.
fn written<E: TenantOwned, M: PartialModelTrait>(
    view: &TenantView,
    column: <E as EntityTrait>::Column,
    id: Uuid,
) -> Statement {
    let rows = view.find::<E>().filter(column.eq(id));
    let question = M::select_cols(rows.select_only()).limit(1);
    let written = question.build(view.session.get_database_backend());
    // INVARIANT: `ById::one` binds its values in this order.
    debug_assert_eq!(
        written.values.as_ref().map(|values| values.0.clone()),
        Some(vec![view.tenant().uuid().into(), id.into(), 1_u64.into()])
    );
    written
}
