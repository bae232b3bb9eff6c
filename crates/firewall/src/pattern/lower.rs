//! Trees to the intermediate form of `regex-syntax`, which the automata and the prefilter read.

use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, Hir, Look};

use super::syntax::{Node, Place};
use crate::byte_set::ByteSet;

/// The pattern as a regular expression. What no regular expression can say becomes something that
/// matches at least as much: look-around is dropped, atomic groups become plain ones, and a group
/// said again becomes anything. For a regular pattern the result is exact.
pub(super) fn hir(node: &Node, captures: bool) -> Hir {
    match node {
        Node::Empty | Node::Around(_) => Hir::empty(),
        Node::Class(set) => class(*set),
        Node::Place(place) => Hir::look(look(*place)),
        Node::Concat(parts) => Hir::concat(parts.iter().map(|part| hir(part, captures)).collect()),
        Node::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| hir(part, captures)).collect())
        }
        Node::Repeat(repeat) => Hir::repetition(hir::Repetition {
            min: repeat.min,
            max: repeat.max,
            greedy: repeat.greedy,
            sub: Box::new(hir(&repeat.node, captures)),
        }),
        Node::Capture(number, node) if captures => Hir::capture(hir::Capture {
            index: u32::from(*number),
            name: None,
            sub: Box::new(hir(node, captures)),
        }),
        Node::Capture(_, node) | Node::Atomic(node) => hir(node, captures),
        Node::Again { .. } => Hir::repetition(hir::Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(class(ByteSet::ALL)),
        }),
    }
}

fn class(set: ByteSet) -> Hir {
    let mut bytes = set.iter();
    if let (Some(only), None) = (bytes.next(), bytes.next()) {
        return Hir::literal([only]);
    }
    let mut ranges: Vec<ClassBytesRange> = Vec::new();
    for byte in set.iter() {
        match ranges.pop() {
            Some(last) if u16::from(last.end()) + 1 == u16::from(byte) => {
                ranges.push(ClassBytesRange::new(last.start(), byte));
            }
            last => ranges.extend(last.into_iter().chain([ClassBytesRange::new(byte, byte)])),
        }
    }
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

fn look(place: Place) -> Look {
    match place {
        Place::Start => Look::Start,
        Place::End => Look::End,
        Place::LineStart => Look::StartLF,
        Place::LineEnd => Look::EndLF,
        Place::WordEdge => Look::WordAscii,
        Place::NoWordEdge => Look::WordAsciiNegate,
    }
}
