//! A pattern and a value, apart at the first NUL: what matches is a candidate, and matching,
//! finding and capturing agree.
#![no_main]

use firewall::bit_set::BitSet;
use firewall::pattern::Pattern;
use firewall::prefilter::{Needs, Prefilter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(at) = data.iter().position(|byte| *byte == 0) else { return };
    let Ok(text) = std::str::from_utf8(&data[..at]) else { return };
    let value = &data[at + 1..];
    // Large repetitions are sound and slow to build, and there is little to find in them.
    if text.len() > 200 || text.bytes().filter(|byte| *byte == b'{').count() > 1 {
        return;
    }
    let Ok(pattern) = Pattern::compile(text) else { return };
    let filter = Prefilter::build(&[Needs::of_pattern(&pattern)]);
    let mut out = BitSet::default();
    filter.candidates(value, &mut out);
    let found = pattern.find(value);
    assert!(out.contains(0) || found.is_none(), "lost");
    assert_eq!(pattern.is_match(value), found.is_some());
    let groups = pattern.captures(value, 10);
    assert_eq!(groups.and_then(|groups| groups.into_iter().next().flatten()), found);
});
