//! SecLang as text: from rule files to sentences, with the place of every fault.
//!
//! Nothing is known here of other sentences: ids may repeat and markers be missing. What a
//! sentence means in its rule set is [`program`](crate::program)'s.

pub(crate) mod action;
pub(crate) mod ast;
pub(crate) mod check;
pub(crate) mod ctl;
pub(crate) mod directive;
pub(crate) mod hint;
pub(crate) mod include;
pub(crate) mod place;
#[cfg(test)]
mod print;
pub(crate) mod target;
pub(crate) mod template;
#[cfg(test)]
mod tests;
pub(crate) mod variable;

pub(crate) use include::{Unit, load};
