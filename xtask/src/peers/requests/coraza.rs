//! Why one engine logs a rule and the other does not, beside Coraza.

use super::{super::report::UNEXPLAINED, Place, grammar::Request};

/// The reason, as far as the rule and the request tell it.
pub(super) fn reason(request: &Request, id: u32, place: Place) -> &'static str {
    let _ = (request, id, place);
    UNEXPLAINED
}
