//! Prints the effective configuration, as a file that would give the same one.

use std::fmt::Write;

use super::layers::Leaf;

/// One line a key, with its source as a comment.
pub(super) fn show(leaves: &[Leaf]) -> String {
    let mut out = String::new();
    let mut current = "";
    for leaf in leaves {
        let (section, name) = leaf.key.rsplit_once('.').unwrap_or(("", &leaf.key));
        if section != current {
            let gap = if out.is_empty() { "" } else { "\n" };
            push(&mut out, format_args!("{gap}[{section}]\n"));
            current = section;
        }
        push(&mut out, format_args!("{name} = {}  # {}\n", leaf.value, leaf.source));
    }
    out
}

#[expect(clippy::expect_used, reason = "writing to a string does not fail")]
fn push(out: &mut String, line: std::fmt::Arguments<'_>) {
    out.write_fmt(line).expect("a string takes any text");
}
