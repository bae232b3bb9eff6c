//! Keeps each distinct value once and hands out small numbers for it.

use std::collections::HashMap;
use std::hash::Hash;

/// Distinct values, numbered from 0 in order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of a value, known or new.
    pub(crate) fn number<Q>(&mut self, value: &Q) -> u32
    where
        Q: ?Sized + Eq + Hash + ToOwned<Owned = T>,
        T: std::borrow::Borrow<Q>,
    {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        // INVARIANT: fewer distinct values than rows, and rows are fewer than 2^24.
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        number
    }

    pub(crate) fn find<Q>(&self, value: &Q) -> Option<u32>
    where
        Q: ?Sized + Eq + Hash,
        T: std::borrow::Borrow<Q>,
    {
        self.numbers.get(value).copied()
    }

    /// Keeps the values that are in use and numbers them anew; for each old number its new one.
    pub(crate) fn keep(&mut self, used: impl Iterator<Item = u32>) -> Vec<Option<u32>> {
        let mut is_used = vec![false; self.values.len()];
        for number in used {
            if let Some(place) = is_used.get_mut(number as usize) {
                *place = true;
            }
        }
        let mut next = 0;
        let moved: Vec<Option<u32>> =
            is_used.iter().map(|is_used| is_used.then_some(next).inspect(|_| next += 1)).collect();
        let mut is_used = is_used.into_iter();
        self.values.retain(|_| is_used.next().unwrap_or(false));
        self.numbers.retain(|_, number| {
            let place = moved.get(*number as usize).copied().flatten();
            *number = place.unwrap_or(*number);
            place.is_some()
        });
        moved
    }

    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    pub(crate) fn value(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)
    }
}
