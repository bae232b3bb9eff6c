//! Looking for people by an exact contact. It stands in a body: nothing personal stands in a URL.

use serde::Deserialize;
use staffing::candidate::personal::{PersonalEmail, PersonalPhone};
use store::candidates::Contact;
use utoipa::ToSchema;

/// An exact contact: either an e-mail address or a telephone number.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ContactQuery {
    /// By e-mail address.
    Email(ByEmail),
    /// By telephone number.
    Phone(ByPhone),
}

/// An e-mail address, whatever its case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByEmail {
    /// The whole address.
    email: PersonalEmail,
}

/// A telephone number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByPhone {
    /// In E.164 form.
    phone: PersonalPhone,
}

impl From<ContactQuery> for Contact {
    fn from(query: ContactQuery) -> Self {
        match query {
            ContactQuery::Email(by) => Self::Email(by.email),
            ContactQuery::Phone(by) => Self::Phone(by.phone),
        }
    }
}
