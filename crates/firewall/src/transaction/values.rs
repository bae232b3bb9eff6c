//! The bytes of a transaction: each distinct value once, its transformed forms, and which tests
//! it may meet.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use crate::{bit_set, prefilter::Room, program::Program};

/// A range of the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    pub(crate) const fn length(self) -> usize {
        self.length as usize
    }

    /// A part of it; nothing where the part is not inside.
    pub(crate) fn part(self, from: usize, to: usize) -> Self {
        if from > to || to > self.length() {
            return Self::default();
        }
        Self { start: self.start + from as u32, length: (to - from) as u32 }
    }
}

/// A distinct value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ValueId(u32);

/// All values of a transaction.
#[derive(Debug)]
pub(crate) struct Values {
    buffers: Buffers,
    arena_bytes_max: usize,
    exhausted: bool,
    without_prefilter: bool,
}

/// The memory that values take. A transaction that ends leaves it to the next one on its thread,
/// which then asks for none, and writes where the processor's cache is warm. It is emptied and not
/// wiped, as memory that is given back is not.
#[derive(Debug, Default)]
struct Buffers {
    arena: Vec<u8>,
    spans: Vec<Span>,
    hashes: Vec<u64>,
    /// Open addressing by hash; a value's number and one, or 0.
    table: Vec<u32>,
    /// For each value the place of its row in `memo`, and one; 0: none yet.
    memo_rows: Vec<u32>,
    /// A row holds for each transformation the result's number and one, or 0.
    memo: Vec<u32>,
    bit_rows: Vec<u32>,
    bits: Vec<u64>,
    scratch: Vec<u8>,
    room: Room,
}

impl Buffers {
    /// For the first transaction of a thread.
    fn roomy() -> Self {
        Self {
            arena: Vec::with_capacity(8192),
            spans: Vec::with_capacity(256),
            hashes: Vec::with_capacity(256),
            table: vec![0; TABLE_MIN],
            memo_rows: Vec::with_capacity(256),
            memo: Vec::with_capacity(4096),
            bit_rows: Vec::with_capacity(256),
            bits: Vec::with_capacity(2048),
            scratch: Vec::new(),
            room: Room::default(),
        }
    }

    /// Roughly: what grows with the values.
    fn bytes(&self) -> usize {
        self.arena.capacity()
            + self.scratch.capacity()
            + size_of::<u32>() * (self.table.capacity() + self.memo.capacity())
            + size_of::<u64>() * self.bits.capacity()
            + self.room.bytes()
    }

    /// As new, but for the memory that it has.
    fn clear(&mut self) {
        self.arena.clear();
        self.spans.clear();
        self.hashes.clear();
        self.table.truncate(TABLE_MIN);
        self.table.fill(0);
        self.memo_rows.clear();
        self.memo.clear();
        self.bit_rows.clear();
        self.bits.clear();
        self.scratch.clear();
        self.room.clear();
    }
}

thread_local! {
    static SPARE: Cell<Option<Buffers>> = const { Cell::new(None) };
}

impl Drop for Values {
    fn drop(&mut self) {
        let mut buffers = std::mem::take(&mut self.buffers);
        if buffers.bytes() <= SPARE_BYTES_MAX {
            buffers.clear();
            // A thread that ends has no next transaction.
            let _ending = SPARE.try_with(|spare| spare.set(Some(buffers)));
        }
    }
}

impl Values {
    pub(crate) fn new(arena_bytes_max: usize, without_prefilter: bool) -> Self {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        Self {
            buffers: spare.unwrap_or_else(Buffers::roomy),
            arena_bytes_max: arena_bytes_max.min(u32::MAX as usize),
            exhausted: false,
            without_prefilter,
        }
    }

    /// Whether the arena is full, so that what was computed since is not to be trusted.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The bytes of a span.
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.buffers.arena.get(start..start + span.length()).unwrap_or_default()
    }

    pub(crate) fn span(&self, id: ValueId) -> Span {
        self.buffers.spans.get(id.0 as usize).copied().unwrap_or_default()
    }

    pub(crate) fn value(&self, id: ValueId) -> &[u8] {
        self.bytes(self.span(id))
    }

    /// Keeps bytes that nobody will look for again.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> Span {
        if self.buffers.arena.len() + bytes.len() > self.arena_bytes_max {
            self.exhausted = true;
            return Span::default();
        }
        let start = self.buffers.arena.len() as u32;
        self.buffers.arena.extend_from_slice(bytes);
        Span { start, length: bytes.len() as u32 }
    }

    /// Keeps the digits of a number.
    pub(crate) fn store_number(&mut self, number: i64) -> Span {
        let mut digits = [0_u8; 20];
        let from = write_number(number, &mut digits);
        self.store(digits.get(from..).unwrap_or_default())
    }

    /// The number of a value, which is kept if it is new.
    pub(crate) fn intern(&mut self, bytes: &[u8], hasher: &RandomState) -> ValueId {
        let hash = hasher.hash_one(bytes);
        if let Some(known) = self.find(bytes, hash) {
            return known;
        }
        let span = self.store(bytes);
        let id = ValueId(self.buffers.spans.len() as u32);
        self.buffers.spans.push(span);
        self.buffers.hashes.push(hash);
        self.buffers.memo_rows.push(0);
        self.buffers.bit_rows.push(0);
        if self.buffers.spans.len() * 2 > self.buffers.table.len() {
            self.grow();
        } else {
            self.place(id, hash);
        }
        id
    }

    fn find(&self, bytes: &[u8], hash: u64) -> Option<ValueId> {
        let mask = self.buffers.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let id = ValueId(self.buffers.table.get(at)?.checked_sub(1)?);
            if self.buffers.hashes.get(id.0 as usize) == Some(&hash) && self.value(id) == bytes {
                return Some(id);
            }
            at = (at + 1) & mask;
        }
    }

    fn place(&mut self, id: ValueId, hash: u64) {
        let mask = self.buffers.table.len() - 1;
        let mut at = hash as usize & mask;
        while self.buffers.table.get(at).is_some_and(|entry| *entry != 0) {
            at = (at + 1) & mask;
        }
        if let Some(entry) = self.buffers.table.get_mut(at) {
            *entry = id.0 + 1;
        }
    }

    fn grow(&mut self) {
        self.buffers.table = vec![0; self.buffers.table.len() * 2];
        for index in 0..self.buffers.hashes.len() {
            if let Some(hash) = self.buffers.hashes.get(index).copied() {
                self.place(ValueId(index as u32), hash);
            }
        }
    }

    /// The value that a transformation makes of a value.
    pub(crate) fn transformed(&mut self, id: ValueId, index: u8, program: &Program) -> ValueId {
        let width = program.transforms.len();
        let row = match self.buffers.memo_rows.get(id.0 as usize).copied() {
            Some(0) | None => {
                let row = self.buffers.memo.len();
                self.buffers.memo.resize(row + width, 0);
                if let Some(entry) = self.buffers.memo_rows.get_mut(id.0 as usize) {
                    *entry = (row / width.max(1)) as u32 + 1;
                }
                row
            }
            Some(row) => (row as usize - 1) * width,
        };
        let at = row + usize::from(index);
        if let Some(known) = self.buffers.memo.get(at).and_then(|entry| entry.checked_sub(1)) {
            return ValueId(known);
        }
        let Some(transform) = program.transforms.get(usize::from(index)) else { return id };
        let mut scratch = std::mem::take(&mut self.buffers.scratch);
        scratch.clear();
        let is_changed = transform.apply(self.value(id), &mut scratch);
        let result = if is_changed { self.intern(&scratch, &program.hasher) } else { id };
        self.buffers.scratch = scratch;
        if let Some(entry) = self.buffers.memo.get_mut(at) {
            *entry = result.0 + 1;
        }
        result
    }

    fn bit_row(&mut self, id: ValueId, program: &Program) -> std::ops::Range<usize> {
        let words = program.filter.words();
        if let Some(row) =
            self.buffers.bit_rows.get(id.0 as usize).and_then(|row| row.checked_sub(1))
        {
            let start = row as usize * words;
            return start..start + words;
        }
        let start = self.buffers.bits.len();
        self.buffers.bits.resize(start + words, u64::MAX);
        if let Some(row) = self.buffers.bit_rows.get_mut(id.0 as usize) {
            *row = (start / words.max(1)) as u32 + 1;
        }
        if !self.without_prefilter {
            let span = self.span(id);
            let (from, to) = (span.start as usize, span.start as usize + span.length());
            let value = self.buffers.arena.get(from..to).unwrap_or_default();
            if let Some(out) = self.buffers.bits.get_mut(start..start + words) {
                program.filter.candidates(value, &mut self.buffers.room, out);
            }
        }
        start..start + words
    }

    /// Adds to a set of tests those that the value may meet.
    pub(crate) fn add_candidates(&mut self, id: ValueId, program: &Program, out: &mut [u64]) {
        let row = self.bit_row(id, program);
        for (word, more) in out.iter_mut().zip(self.buffers.bits.get(row).unwrap_or_default()) {
            *word |= more;
        }
    }

    /// Whether the value may meet the test, as far as is known.
    pub(crate) fn may_meet(&mut self, id: ValueId, test: u32, program: &Program) -> bool {
        let row = self.bit_row(id, program);
        bit_set::is_in(self.buffers.bits.get(row).unwrap_or_default(), test as usize)
    }

    /// Whether the value meets the test. What is found out is remembered.
    pub(crate) fn meets(&mut self, id: ValueId, test: u32, program: &Program) -> bool {
        if !self.may_meet(id, test, program) {
            return false;
        }
        let Some(known) = program.tests.get(test as usize) else { return false };
        if known.holds(self.value(id)) {
            return true;
        }
        let row = self.bit_row(id, program);
        bit_set::take_out(self.buffers.bits.get_mut(row).unwrap_or_default(), test as usize);
        false
    }
}

/// Writes digits at the end of a buffer; tells where they begin.
pub(crate) fn write_number(number: i64, digits: &mut [u8; 20]) -> usize {
    let mut rest = number.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 || at == 0 {
            break;
        }
    }
    if number < 0 && at > 0 {
        at -= 1;
        if let Some(sign) = digits.get_mut(at) {
            *sign = b'-';
        }
    }
    at
}

/// Entries of a table that has not grown.
const TABLE_MIN: usize = 512;
/// What an ordinary request needs fits in; what a large one needed is given back.
const SPARE_BYTES_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_next_on_a_thread_finds_nothing_of_who_was_there() {
        let hasher = RandomState::new();
        let mut one = Values::new(1024, false);
        for number in 0..600_u32 {
            one.intern(&number.to_le_bytes(), &hasher);
        }
        assert!(one.is_exhausted());
        drop(one);

        let mut next = Values::new(1024, false);
        assert!(next.buffers.arena.is_empty() && !next.is_exhausted());
        assert_eq!(next.buffers.table, [0; TABLE_MIN]);
        let id = next.intern(b"other", &hasher);
        assert_eq!((id, next.value(id)), (ValueId(0), &b"other"[..]));
    }

    #[test]
    fn two_at_once_have_room_of_their_own() {
        let hasher = RandomState::new();
        let (mut one, mut other) = (Values::new(1024, false), Values::new(1024, false));
        let (first, second) = (one.intern(b"one", &hasher), other.intern(b"other", &hasher));

        assert_eq!((one.value(first), other.value(second)), (&b"one"[..], &b"other"[..]));
        drop(one);
        assert_eq!(other.value(second), b"other");
    }

    #[test]
    fn what_a_large_one_needed_is_given_back() {
        let mut large = Values::new(2 * SPARE_BYTES_MAX, false);
        large.store(&vec![b'a'; SPARE_BYTES_MAX + 1]);
        drop(large);

        assert!(Values::new(1024, false).buffers.bytes() < SPARE_BYTES_MAX);
    }
}
