//! Tickets: 256 random bits that somebody holds, of which only a hash is kept. Session cookies,
//! enrolment links and the cookie of a visit are all of this form.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use kernel::{Secret, random};
use subtle::ConstantTimeEq;

/// 256 random bits, as 64 hexadecimal digits.
#[derive(Clone)]
pub struct Ticket(Secret<String>);

/// SHA-256 of a ticket. So many random bits need no slow hash and no key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketHash(pub [u8; 32]);

impl Ticket {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(HEXLOWER.encode(&random::bytes::<32>())))
    }

    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_ticket = text.len() == CHARS
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_ticket.then(|| Self(Secret::new(text.to_owned())))
    }

    /// The ticket itself, to be handed over.
    #[must_use]
    pub const fn whole(&self) -> &Secret<String> {
        &self.0
    }

    /// As it is kept.
    #[must_use]
    pub fn hash(&self) -> TicketHash {
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, self.0.expose().as_bytes()).as_ref());
        TicketHash(out)
    }

    /// Whether both are one. Constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.expose().as_bytes().ct_eq(other.0.expose().as_bytes()).into()
    }
}

impl TicketHash {
    /// In hexadecimal digits.
    #[must_use]
    pub fn to_text(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

impl fmt::Debug for TicketHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketHash")
    }
}

const CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ticket_is_refused() {
        let fine = Ticket::generate().whole().expose().clone();
        for text in [
            String::new(),
            fine.to_uppercase(),
            format!("{fine}0"),
            fine.replace(['0', '1', '2', '3'], "g"),
        ] {
            assert!(Ticket::parse(&text).is_none(), "{text}");
        }
        assert!(Ticket::parse(&fine).unwrap().is(&Ticket::parse(&fine).unwrap()));
    }

    #[test]
    fn two_tickets_differ_and_so_do_their_hashes() {
        let (one, other) = (Ticket::generate(), Ticket::generate());

        assert!(!one.is(&other));
        assert!(one.hash() != other.hash());
        assert_eq!(one.hash().to_text().len(), 64);
        assert_eq!(format!("{one:?} {:?}", one.hash()), "Ticket TicketHash");
    }
}
