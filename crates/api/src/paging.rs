//! Pages: opaque cursors that belong to one tenant, one list and one set of filters.

use gate::Dossier;
use kernel::{Code, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::page::{Page, PageRequest};
use utoipa::{IntoParams, ToSchema};
use vault::TokenKey;

use crate::reply::Refused;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items, in order.
    pub data: Vec<T>,
    /// Where the list goes on.
    pub page: PageInfo,
}

/// Where a list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageInfo {
    /// For the `cursor` parameter of the next request; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
    /// Is there more?
    pub has_more: bool,
}

/// Which page, as query parameters name it.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Most items of the page.
    #[serde(default, deserialize_with = "crate::query::number")]
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// `page.next_cursor` of the page before.
    #[param(min_length = 1, max_length = 2048, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// One list with one set of filters, whose cursors are good for nothing else.
pub(crate) struct List<'a> {
    key: &'a TokenKey,
    dossier: &'a Dossier,
    query: &'a str,
}

impl<'a> List<'a> {
    /// The list that this request asks for.
    #[must_use]
    pub(crate) const fn new(key: &'a TokenKey, dossier: &'a Dossier, query: &'a str) -> Self {
        Self { key, dossier, query }
    }

    /// Which page is asked for.
    ///
    /// # Errors
    /// When the cursor was not given out for this list.
    pub(crate) fn page<K: DeserializeOwned>(
        &self,
        paging: &Paging,
    ) -> Result<PageRequest<K>, Refused> {
        let after = self.place(paging.cursor.as_deref())?;
        Ok(PageRequest { limit: paging.limit.unwrap_or(LIMIT_DEFAULT), after })
    }

    /// The place that a cursor stands for.
    ///
    /// # Errors
    /// When the cursor was not given out for this list.
    pub(crate) fn place<K: DeserializeOwned>(
        &self,
        cursor: Option<&str>,
    ) -> Result<Option<K>, Refused> {
        let Some(cursor) = cursor else { return Ok(None) };
        let opened = self.key.open(&self.bound_to(), cursor);
        let place = opened.and_then(|key| serde_json::from_slice(&key).ok());
        Ok(Some(place.ok_or_else(|| Problem::new(&CURSOR_INVALID))?))
    }

    /// A cursor that stands for a place in this list.
    pub(crate) fn cursor<K: Serialize>(&self, place: &K) -> String {
        let place = serde_json::to_vec(place).unwrap_or_default();
        self.key.seal(&self.bound_to(), &place)
    }

    /// Where the list goes on from a cursor.
    pub(crate) fn target(&self, path: &str, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.filters()).append_pair("cursor", cursor);
        format!("{path}?{}", query.finish())
    }

    /// A page as an answer, and the target of the next one.
    pub(crate) fn listed<T: Serialize, K: Serialize>(
        &self,
        page: Page<T, K>,
        path: &str,
    ) -> (Listed<T>, Option<String>) {
        let next_cursor = page.next.map(|key| self.cursor(&key));
        let target = next_cursor.as_ref().map(|cursor| self.target(path, cursor));
        let page_info = PageInfo { has_more: next_cursor.is_some(), next_cursor };
        (Listed { data: page.items, page: page_info }, target)
    }

    /// Tenant, operation and filters. The page's size may change between pages.
    fn bound_to(&self) -> Vec<u8> {
        let tenant = self.dossier.caller().and_then(|caller| caller.tenant());
        let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let operation = self.dossier.operation().map(|operation| operation.id.as_str());
        let mut filters: Vec<_> = self.filters().filter(|(name, _)| name != "limit").collect();
        filters.sort_unstable();
        serde_json::to_vec(&(tenant, operation, filters)).unwrap_or_default()
    }

    fn filters(&self) -> impl Iterator<Item = (String, String)> + 'a {
        form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .filter(|(name, _)| name != "cursor")
    }
}

const LIMIT_DEFAULT: u64 = 25;

/// A cursor of another list.
pub(crate) const CURSOR_INVALID: Code = Code {
    status: 400,
    name: "cursor_invalid",
    title: "The cursor does not belong to this list",
    mend: "Use `next_cursor` with the same path and filters, or start without a cursor.",
};
