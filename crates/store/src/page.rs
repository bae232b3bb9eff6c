//! Pages of a list, by keyset: the cost of a page does not grow with its distance.

/// Which page.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<K> {
    /// Most items, 1 to 100.
    pub limit: u64,
    /// The last key of the page before.
    pub after: Option<K>,
}

/// A page and where the next one starts.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// The items in order.
    pub items: Vec<T>,
    /// The last item's key, when there is more.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Cuts one item too many into a page and the knowledge that there is more.
    pub(crate) fn cut(mut items: Vec<T>, limit: u64, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more { items.last().map(key) } else { None };
        Self { items, next }
    }

    /// The same page of other things, if each can be made.
    ///
    /// # Errors
    /// The first item's that cannot.
    pub fn try_map<U, E>(self, f: impl FnMut(T) -> Result<U, E>) -> Result<Page<U, K>, E> {
        let items = self.items.into_iter().map(f).collect::<Result<_, _>>()?;
        Ok(Page { items, next: self.next })
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}
