//! Which values a bucket of rules looks at, computed when the first of them runs in a phase.

use crate::program::Program;

use super::{
    collections::{Collections, Entry},
    values::{ValueId, Values},
};

/// A range of a list, good for one generation.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    generation: u32,
    start: u32,
    length: u32,
}

impl Kept {
    const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.length) as usize
    }
}

/// Sources, columns and buckets of the phase that runs.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Counts phases: what was computed in another is stale.
    generation: u32,
    sources: Vec<Kept>,
    entries: Vec<Entry>,
    columns: Vec<Kept>,
    ids: Vec<ValueId>,
    buckets: Vec<u32>,
    /// For each bucket the tests that one of its values may meet.
    bits: Vec<u64>,
    words: usize,
}

impl Columns {
    pub(crate) fn new(program: &Program) -> Self {
        let words = program.filter.words();
        Self {
            generation: 0,
            sources: vec![Kept::default(); program.sources.len()],
            entries: Vec::with_capacity(256),
            columns: vec![Kept::default(); program.columns.len()],
            ids: Vec::with_capacity(1024),
            buckets: vec![0; program.buckets.len()],
            bits: vec![0; program.buckets.len() * words],
            words,
        }
    }

    /// Forgets everything: a phase begins, and collections have changed.
    pub(crate) fn begin_phase(&mut self) {
        self.generation += 1;
        self.entries.clear();
        self.ids.clear();
    }

    /// Members of a source.
    pub(crate) fn source(&mut self, index: u32, program: &Program, known: &Known<'_>) -> &[Entry] {
        let kept = self.fill_source(index, program, known);
        self.entries.get(kept.range()).unwrap_or_default()
    }

    fn fill_source(&mut self, index: u32, program: &Program, known: &Known<'_>) -> Kept {
        let old = self.sources.get(index as usize).copied().unwrap_or_default();
        if old.generation == self.generation {
            return old;
        }
        let start = self.entries.len() as u32;
        if let Some(source) = program.sources.get(index as usize) {
            let entries = known.collections.of(source.variable);
            match &source.matcher {
                None => self.entries.extend_from_slice(entries),
                Some(matcher) => self.entries.extend(
                    entries
                        .iter()
                        .filter(|entry| matcher.matches_name(known.values.bytes(entry.key))),
                ),
            }
        }
        let length = self.entries.len() as u32 - start;
        let kept = Kept { generation: self.generation, start, length };
        if let Some(entry) = self.sources.get_mut(index as usize) {
            *entry = kept;
        }
        kept
    }

    /// Makes a column's values.
    fn fill_column(&mut self, index: u32, program: &Program, known: &mut Filling<'_>) -> Kept {
        let old = self.columns.get(index as usize).copied().unwrap_or_default();
        if old.generation == self.generation {
            return old;
        }
        let Some(column) = program.columns.get(index as usize) else { return old };
        let start;
        match column.from {
            None => {
                let kept = self.fill_source(column.source, program, &known.known());
                start = self.ids.len() as u32;
                let entries = self.entries.get(kept.range()).unwrap_or_default();
                self.ids.extend(entries.iter().map(|entry| entry.value));
            }
            Some((parent, transform)) => {
                let parent = self.fill_column(parent, program, known);
                start = self.ids.len() as u32;
                for at in parent.range() {
                    let Some(id) = self.ids.get(at).copied() else { break };
                    self.ids.push(known.values.transformed(id, transform, program));
                }
            }
        }
        let length = self.ids.len() as u32 - start;
        let kept = Kept { generation: self.generation, start, length };
        if let Some(entry) = self.columns.get_mut(index as usize) {
            *entry = kept;
        }
        kept
    }

    /// Whether a value of the bucket may meet the test.
    pub(crate) fn may_meet(
        &mut self,
        index: u32,
        test: u32,
        program: &Program,
        known: &mut Filling<'_>,
    ) -> bool {
        self.fill_bucket(index, program, known);
        let start = index as usize * self.words;
        let words = self.bits.get(start..start + self.words).unwrap_or_default();
        crate::bit_set::is_in(words, test as usize)
    }

    fn fill_bucket(&mut self, index: u32, program: &Program, known: &mut Filling<'_>) {
        if self.buckets.get(index as usize) == Some(&self.generation) {
            return;
        }
        if let Some(entry) = self.buckets.get_mut(index as usize) {
            *entry = self.generation;
        }
        let Some(bucket) = program.buckets.get(index as usize) else { return };
        let start = index as usize * self.words;
        self.bits.get_mut(start..start + self.words).unwrap_or_default().fill(0);
        for column in &bucket.columns {
            let kept = self.fill_column(*column, program, known);
            let out = self.bits.get_mut(start..start + self.words).unwrap_or_default();
            for id in self.ids.get(kept.range()).unwrap_or_default() {
                known.values.add_candidates(*id, program, out);
            }
        }
    }

    /// The source's members beside their values in each of the columns of one target.
    pub(crate) fn rows(
        &mut self,
        group: &[u32],
        program: &Program,
        known: &mut Filling<'_>,
    ) -> Rows {
        let mut rows = Rows::default();
        for (depth, index) in group.iter().enumerate() {
            let kept = self.fill_column(*index, program, known);
            let Some(column) = program.columns.get(*index as usize) else { continue };
            if depth == 0 {
                rows.source = self.fill_source(column.source, program, &known.known());
            }
            if depth == 0 {
                rows.first = kept;
            } else {
                rows.more.push(kept);
            }
        }
        rows
    }

    /// One member of rows and its value at a depth.
    pub(crate) fn cell(&self, rows: &Rows, row: usize, depth: usize) -> Option<(Entry, ValueId)> {
        let entry = self.entries.get(rows.source.range()).and_then(|entries| entries.get(row))?;
        let column = match depth.checked_sub(1) {
            None => &rows.first,
            Some(index) => rows.more.get(index)?,
        };
        let id = self.ids.get(column.range()).and_then(|ids| ids.get(row))?;
        Some((*entry, *id))
    }
}

/// The values of one target, ready to be read.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    source: Kept,
    first: Kept,
    /// Empty but with `multiMatch`.
    more: Vec<Kept>,
}

impl Rows {
    pub(crate) const fn len(&self) -> usize {
        self.source.length as usize
    }

    pub(crate) const fn depth(&self) -> usize {
        1 + self.more.len()
    }
}

/// What sources are read from.
pub(crate) struct Known<'a> {
    pub(crate) values: &'a Values,
    pub(crate) collections: &'a Collections,
}

/// What columns are made from.
pub(crate) struct Filling<'a> {
    pub(crate) values: &'a mut Values,
    pub(crate) collections: &'a Collections,
}

impl Filling<'_> {
    fn known(&self) -> Known<'_> {
        Known { values: self.values, collections: self.collections }
    }
}
