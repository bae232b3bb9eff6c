//! How often somebody may call. Pure: no I/O, no clock, no HTTP.
//!
//! A [`Rule`] says what is counted ([`Limit`]) and for whom ([`By`]). All [`Rules`] of a request
//! are charged together or not at all, and a refused request is not charged. [`Table`] counts on
//! one node in memory of bounded size. [`PlaceRules`] say how many requests may be at work at once,
//! and [`Concurrency`] counts those.

mod calendar;
mod cell;
mod concurrency;
mod limit;
mod pace;
mod pick;
mod places;
mod rule;
mod seqlock;
mod set;
mod steps;
mod subject;
mod table;
mod verdict;

pub use calendar::{Bounds, Calendar, Period};
pub use concurrency::{Concurrency, Held};
pub use limit::{Limit, LimitError, Slots, Terms};
pub use pick::Pick;
pub use places::{Left, PLACES_MAX, PlaceRule, PlaceRules};
pub use rule::{RULES_MAX, Rule, RuleError, Rules, distinct};
pub use subject::{By, Subject, prefix};
pub use table::{CellId, Table};
pub use verdict::{Standing, Verdict};
