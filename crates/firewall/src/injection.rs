//! Recognises SQL and HTML that was smuggled into a value, for `@detectSQLi` and `@detectXSS`.
//!
//! The method and the tables are libinjection 4's (see NOTICE); the program is ours. SQL is cut
//! into tokens, these are folded to at most five, and their kinds are looked up among the
//! fingerprints of known attacks. HTML is read as a browser would, in each place of a page where a
//! value may stand. Both take time linear in the value and allocate nothing.

mod fingerprint;
mod html;
mod sql;
mod texts;

pub use fingerprint::Fingerprint;

/// The fingerprint of an SQL injection, where the value is one in some context: as it stands,
/// or inside single or double quotes.
#[must_use]
pub fn sqli(value: &[u8]) -> Option<Fingerprint> {
    sql::injection(value)
}

/// Whether the value brings script into a page, in some place where it may stand: as text, as an
/// attribute, or in an attribute's value with any quotes.
#[must_use]
pub fn xss(value: &[u8]) -> bool {
    html::injection(value)
}

#[cfg(test)]
mod tests;
