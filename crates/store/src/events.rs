//! What happened, as the outbox keeps it: names of what changed, never values.

use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use crate::entities::outbox;
use crate::page::{Page, PageRequest};
use crate::resources::Resource;
use crate::{StoreError, TenantView, tenants};

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only events about these kinds of things.
    pub about: Vec<&'static Resource>,
    /// Only events of these names; `job.*` stands for all names that start with `job.`. All names
    /// when there are none.
    pub names: Vec<String>,
}

/// A page of events, the latest first, each with the mode of its tenant.
///
/// # Errors
/// When the database fails.
pub async fn list(
    view: &TenantView,
    filter: &Filter,
    page: PageRequest<i64>,
) -> Result<Page<Value, i64>, StoreError> {
    let mode = tenants::own(view).await?.environment.as_str();
    let mut query = view.find::<outbox::Entity>().filter(about(&filter.about));
    if !filter.names.is_empty() {
        query = query.filter(named(&filter.names));
    }
    if let Some(after) = page.after {
        query = query.filter(outbox::Column::Seq.lt(after));
    }
    let rows =
        query.order_by_desc(outbox::Column::Seq).limit(page.limit + 1).all(&view.session).await?;
    Ok(Page::cut(rows, page.limit, |row| row.seq).map(|row| with_mode(row.payload, mode)))
}

/// None of the kinds means none of the events, not all.
fn about(kinds: &[&'static Resource]) -> Condition {
    kinds.iter().fold(Condition::any().add(outbox::Column::Seq.lt(0)), |any, kind| {
        any.add(outbox::Column::Kind.starts_with(format!("{}.", kind.name)))
    })
}

fn named(names: &[String]) -> Condition {
    names.iter().fold(Condition::any(), |any, name| match name.strip_suffix('*') {
        Some(start) => any.add(outbox::Column::Kind.starts_with(start)),
        None => any.add(outbox::Column::Kind.eq(name)),
    })
}

fn with_mode(mut payload: Value, mode: &str) -> Value {
    if let Some(members) = payload.as_object_mut() {
        members.insert("mode".to_owned(), mode.into());
    }
    payload
}
