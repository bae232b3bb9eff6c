//! What the law wants to know of a worker. Sensitive: sealed under a key of its own, masked by
//! default, and revealed for a stated reason only.

use kernel::{CountryCode, Line, Pii};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::calendar::Date;
use crate::named;

/// A date of birth.
pub type BirthDate = Pii<Date>;
/// A number in a register of persons.
pub type PersonalNationalId = Pii<NationalId>;
/// A tax number.
pub type PersonalTaxId = Pii<Line<1, 64>>;
/// A bank account.
pub type PersonalBankAccount = Pii<BankAccount>;
/// What a register calls its numbers.
pub type IdKind = Line<1, 40>;
/// A number or name in a register.
pub type IdValue = Line<1, 64>;
/// Whose account it is.
pub type Holder = Line<1, 200>;

/// A number in a register of persons. Serialisable only once it was opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NationalId {
    /// What the register calls it: `nino`, `ssn`, `cpf`.
    #[schema(value_type = named::IdKind)]
    pub kind: IdKind,
    /// The country of the register.
    pub country: CountryCode,
    /// The number.
    #[schema(value_type = named::IdValue)]
    pub value: IdValue,
}

/// A bank account. Serialisable only once it was opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankAccount {
    /// How the account is named.
    pub kind: AccountKind,
    /// The account's number, with the bank's where the kind has one.
    #[schema(value_type = named::IdValue)]
    pub value: IdValue,
    /// Whose account it is.
    #[schema(inline)]
    pub holder: Option<Holder>,
}

/// How an account is named.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// An IBAN (ISO 13616).
    Iban,
    /// Routing and account number of the USA.
    Aba,
    /// Sort code and account number of the United Kingdom.
    SortCode,
    /// BSB and account number of Australia.
    Bsb,
    /// Anything else.
    Other,
}

/// What is shown of a sensitive member by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mask {
    /// Its kind, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kind: Option<String>,
    /// The country of its register.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<String>,
    /// The last four characters of a value so long that they do not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last4: Option<String>,
    /// Names of its members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// The mask of a sensitive member: that it is there, and little more.
#[must_use]
pub fn masked(name: &str, value: &Value) -> Mask {
    let text = |member: &str| value.get(member)?.as_str().map(ToOwned::to_owned);
    match name {
        "national_id" => Mask {
            kind: text("kind"),
            country: text("country"),
            last4: last4(value.get("value")),
            ..Mask::default()
        },
        "bank_account" => {
            Mask { kind: text("kind"), last4: last4(value.get("value")), ..Mask::default() }
        }
        "tax_id" => Mask { last4: last4(Some(value)), ..Mask::default() },
        "country_data" => {
            let names = value.as_object().map(|members| members.keys().cloned().collect());
            Mask { members: names.unwrap_or_default(), ..Mask::default() }
        }
        _ => Mask::default(),
    }
}

fn last4(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let count = text.chars().count();
    (count >= LENGTH_MIN).then(|| text.chars().skip(count.saturating_sub(4)).collect())
}

/// Of a shorter value four characters would tell half.
const LENGTH_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mask_shows_at_most_the_last_four() {
        let shown = [
            masked("date_of_birth", &json!("1987-06-05")),
            masked(
                "national_id",
                &json!({ "kind": "cpf", "country": "BR", "value": "39053344705" }),
            ),
            masked("tax_id", &json!("1234567")),
            masked(
                "bank_account",
                &json!({
                "kind": "iban", "value": "PT50000201231234567890154", "holder": "Ana" }),
            ),
            masked("country_data", &json!({ "tax_code": "1257L" })),
        ];

        assert_eq!(
            json!(shown),
            json!([
                {},
                { "kind": "cpf", "country": "BR", "last4": "4705" },
                {},
                { "kind": "iban", "last4": "0154" },
                { "members": ["tax_code"] },
            ])
        );
    }
}
