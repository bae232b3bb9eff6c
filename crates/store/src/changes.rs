//! What changed since somebody last asked, in the order of the commits.
//!
//! A tenant's counter gives every change its number and stays locked until the commit: who sees a
//! number has already been able to see every smaller one. So a reader that goes on from the last
//! number it saw misses nothing, whoever writes meanwhile.

use kernel::Timestamp;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entities::{change_log, tenant_counter};
use crate::resources::Resource;
use crate::{StoreError, TenantView};

/// A change of one resource.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in the tenant's log.
    pub seq: i64,
    /// What kind of thing changed.
    pub resource: &'static str,
    /// Which one, as printed.
    pub id: String,
    /// Its version after the change.
    pub version: i64,
    /// `created`, `updated` or `deleted`.
    pub op: String,
    /// When.
    pub at: Timestamp,
}

/// A part of the log.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The changes, oldest first.
    pub entries: Vec<Entry>,
    /// Where the next slice starts. Beyond the last entry when later changes are of other kinds.
    pub up_to: i64,
    /// Is there more already?
    pub has_more: bool,
}

/// The changes of these kinds after a place in the log; from the oldest one kept without a place.
///
/// # Errors
/// [`StoreError::WindowOver`] when changes after that place are no longer kept.
pub async fn after(
    view: &TenantView,
    kinds: &[&'static Resource],
    place: Option<i64>,
    limit: u64,
) -> Result<Slice, StoreError> {
    // Read before the log: everything up to this number is committed when the log is read.
    let counter = counter(view).await?;
    let place = place.unwrap_or(counter.change_floor);
    if place < counter.change_floor {
        return Err(StoreError::WindowOver);
    }
    let names = kinds.iter().map(|kind| kind.name);
    let rows = view
        .find::<change_log::Entity>()
        .filter(change_log::Column::Seq.gt(place))
        .filter(change_log::Column::Seq.lte(counter.seq))
        .filter(change_log::Column::ResourceType.is_in(names))
        .order_by_asc(change_log::Column::Seq)
        .limit(limit + 1)
        .all(&view.session)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    let entries: Vec<_> = rows.into_iter().take(limit).filter_map(entry).collect();
    let last = entries.last().map_or(place, |entry| entry.seq);
    let up_to = if has_more { last } else { counter.seq.max(place) };
    Ok(Slice { entries, up_to, has_more })
}

/// The present end of the log.
///
/// # Errors
/// When the database fails.
pub async fn end(view: &TenantView) -> Result<i64, StoreError> {
    Ok(counter(view).await?.seq)
}

async fn counter(view: &TenantView) -> Result<tenant_counter::Model, StoreError> {
    let row = view.find::<tenant_counter::Entity>().one(&view.session).await?;
    row.ok_or(StoreError::Missing)
}

/// Kinds that nobody follows are not asked for, so every row has one.
fn entry(row: change_log::Model) -> Option<Entry> {
    let resource = Resource::find(&row.resource_type)?;
    Some(Entry {
        seq: row.seq,
        resource: resource.name,
        id: resource.print(row.resource_id),
        version: row.version,
        op: row.op,
        at: Timestamp::from_millis(row.at),
    })
}
