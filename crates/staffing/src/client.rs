//! Client companies: whom the agency places people with.

use kernel::{Code, CountryCode, Email, FieldError, HttpsUrl, Line, Phone, Pii, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::bounded::Whole;
use crate::document::Document;
use crate::named;
use crate::transition::{IllegalTransition, Transition, step};

/// A company's name.
pub type CompanyName = Line<1, 200>;
/// The caller's own name for a resource; unique in the tenant.
pub type ExternalRef = Line<1, 128>;
/// ISIC class or section.
pub type IndustryCode = Line<1, 8>;
/// A contact's name.
pub type ContactName = Pii<Line<1, 200>>;
/// A contact's e-mail address.
pub type ContactEmail = Pii<Email>;
/// A contact's telephone number.
pub type ContactPhone = Pii<Phone>;
/// A tax number.
pub type TaxId = Pii<Line<1, 64>>;
/// Days until an invoice is due.
pub type PaymentDays = Whole<0, 180>;
/// A fee: hundredths of a percent, or minor units when the fee is flat.
pub type FeeValue = Whole<0, { kernel::money::AMOUNT_MAX }>;

/// Everything that a caller may write about a client company.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientDraft {
    /// Trading name.
    #[schema(value_type = named::CompanyName)]
    pub name: CompanyName,
    /// Name in the register of companies.
    #[schema(inline)]
    pub legal_name: Option<CompanyName>,
    /// The caller's own name for it; unique in the tenant.
    #[schema(inline)]
    pub external_ref: Option<ExternalRef>,
    /// Country of its seat.
    pub country: CountryCode,
    /// Web site.
    pub website: Option<HttpsUrl>,
    /// ISIC code of its industry.
    #[schema(inline)]
    pub industry_code: Option<IndustryCode>,
    /// Where invoices go.
    pub billing_email: Option<ContactEmail>,
    /// Whom invoices are addressed to.
    #[schema(inline)]
    pub billing_contact_name: Option<ContactName>,
    /// Telephone number of the contact.
    pub phone: Option<ContactPhone>,
    /// Tax number.
    #[schema(inline)]
    pub tax_id: Option<TaxId>,
    /// Days until an invoice is due.
    #[schema(inline)]
    pub payment_terms_days: Option<PaymentDays>,
    /// What the agency earns. Confidential: never shown to partners.
    pub fee_arrangement: Option<FeeArrangement>,
}

/// What the agency earns on a placement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeArrangement {
    /// How it is reckoned.
    pub kind: FeeKind,
    /// Hundredths of a percent; when flat, minor units of the agency's default currency.
    pub value: FeeValue,
}

/// How a fee is reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// A share on top of the worker's pay.
    Markup,
    /// A fixed sum.
    Flat,
    /// A share of the yearly salary.
    PercentSalary,
}

/// Where a client company stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientStatus {
    /// Not yet won.
    #[default]
    Prospect,
    /// Doing business.
    Active,
    /// Business is suspended.
    OnHold,
    /// Kept for the records only.
    Archived,
}

/// What can be done with a client company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMove {
    /// Start business.
    Activate,
    /// Suspend business.
    Hold,
    /// Take business up again.
    Resume,
    /// Keep for the records only.
    Archive,
}

impl ClientDraft {
    /// The rules between members. The types hold all others.
    #[must_use]
    pub const fn check(&self) -> Vec<FieldError> {
        Vec::new()
    }

    /// Every writable member, with personal data opened.
    #[must_use]
    pub fn document(&self, purpose: Purpose) -> Value {
        Document::from(self.business())
            .personal("billing_email", self.billing_email.as_ref(), purpose)
            .personal("billing_contact_name", self.billing_contact_name.as_ref(), purpose)
            .personal("phone", self.phone.as_ref(), purpose)
            .personal("tax_id", self.tax_id.as_ref(), purpose)
            .into()
    }

    /// The members that are about nobody in person.
    #[must_use]
    pub fn business(&self) -> Value {
        Document::default()
            .clear("name", &self.name)
            .clear("legal_name", &self.legal_name)
            .clear("external_ref", &self.external_ref)
            .clear("country", &self.country)
            .clear("website", &self.website)
            .clear("industry_code", &self.industry_code)
            .clear("payment_terms_days", &self.payment_terms_days)
            .clear("fee_arrangement", &self.fee_arrangement)
            .into()
    }
}

impl ClientStatus {
    /// Every status.
    pub const ALL: &[Self] = &[Self::Prospect, Self::Active, Self::OnHold, Self::Archived];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Active => "active",
            Self::OnHold => "on_hold",
            Self::Archived => "archived",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// The status after a move.
    ///
    /// # Errors
    /// When the table has no such row.
    pub fn apply(self, attempted: ClientMove) -> Result<Self, IllegalTransition> {
        step(transitions(), (self, self.as_str()), attempted.name(), &ILLEGAL)
    }
}

impl ClientMove {
    /// Every move.
    pub const ALL: &[Self] = &[Self::Activate, Self::Hold, Self::Resume, Self::Archive];

    /// The name, as URLs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Archive => "archive",
        }
    }
}

/// The life cycle of a client company.
#[must_use]
pub const fn transitions() -> &'static [Transition<ClientStatus>] {
    TRANSITIONS
}

const TRANSITIONS: &[Transition<ClientStatus>] = &[
    Transition::free(ClientStatus::Prospect, "activate", ClientStatus::Active),
    Transition::free(ClientStatus::Active, "hold", ClientStatus::OnHold),
    Transition::free(ClientStatus::OnHold, "resume", ClientStatus::Active),
    Transition::free(ClientStatus::OnHold, "archive", ClientStatus::Archived),
];

/// The move is not in the table.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "clients.illegal_transition",
    title: "The client company's status does not allow this",
    mend: "Make one of the moves in `legal_transitions`, or none if it is empty.",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transition::find;

    #[test]
    fn every_move_outside_the_table_is_refused() {
        for status in ClientStatus::ALL {
            for attempted in ClientMove::ALL {
                let row = transitions()
                    .iter()
                    .find(|row| row.from == *status && row.name == attempted.name());
                assert_eq!(status.apply(*attempted).ok(), row.map(|row| row.to));
            }
        }
    }

    #[test]
    fn a_refusal_names_the_legal_moves() {
        let refused = ClientStatus::OnHold.apply(ClientMove::Activate).unwrap_err();

        assert_eq!(refused.legal, ["resume", "archive"]);
        let problem = kernel::Problem::from(refused);
        assert_eq!(problem.code.name, "clients.illegal_transition");
        assert_eq!(
            problem.members,
            [("legal_transitions", vec!["resume".to_owned(), "archive".to_owned()])]
        );
    }

    #[test]
    fn names_of_statuses_are_those_of_the_contract() {
        for status in ClientStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(ClientStatus::parse(status.as_str()), Some(*status));
        }
    }

    #[test]
    fn the_business_part_holds_nobody_in_person() {
        let draft: ClientDraft = serde_json::from_value(serde_json::json!({
            "name": "Kestrel", "country": "GB", "billing_email": "a@example.org",
            "billing_contact_name": "A", "phone": "+447700900001", "tax_id": "1",
        }))
        .unwrap();

        let business = draft.business();

        for name in ["billing_email", "billing_contact_name", "phone", "tax_id"] {
            assert!(business.get(name).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leaves_the_table(
            steps in prop::collection::vec(0..ClientMove::ALL.len(), 0..40),
        ) {
            let mut at = ClientStatus::default();
            for index in steps {
                let attempted = ClientMove::ALL[index];
                match at.apply(attempted) {
                    Ok(after) => {
                        let row = find(transitions(), at, attempted.name());
                        prop_assert_eq!(row.map(|row| row.to), Some(after));
                        at = after;
                    }
                    Err(refused) => prop_assert!(!refused.legal.contains(&attempted.name())),
                }
            }
        }
    }
}
