//! The catalogue of personal data: every column that holds any, and how it is kept.
//!
//! What erases, exports or de-identifies reads this list. A test holds it against the schema: a
//! sealed column that is not here does not pass.

use crate::sealed::Level;

/// A column that holds personal data.
#[derive(Clone, Copy, Debug)]
pub struct PersonalColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// Under which key it is sealed; none for a blind index, which finds and tells nothing.
    pub level: Option<Level>,
}

/// Every column with personal data. Stored replies (`idempotency.reply`) may repeat any of it; they
/// are sealed, too, and kept for a day. So may parts of imports, which are kept until the import
/// ends, and of exports, which are kept for a day or until somebody is erased.
pub fn personal_data() -> impl Iterator<Item = PersonalColumn> {
    TABLES.iter().flat_map(|(table, level, columns)| {
        columns.iter().map(|column| PersonalColumn { table, column, level: *level })
    })
}

type Group = (&'static str, Option<Level>, &'static [&'static str]);

const TABLES: &[Group] = &[
    (
        "client_company",
        Some(Level::Personal),
        &["billing_email", "billing_contact_name", "phone", "tax_id"],
    ),
    (
        "candidate",
        Some(Level::Personal),
        &[
            "given_name",
            "family_name",
            "preferred_name",
            "email",
            "phone",
            "address",
            "summary",
            "employments_history",
            "education",
        ],
    ),
    ("candidate", None, &["email_index", "phone_index"]),
    ("employment", Some(Level::Personal), staffing::employment::PERSONAL),
    ("employment", Some(Level::Sensitive), staffing::employment::SENSITIVE),
    ("employment", None, &["personal_email_index", "work_email_index", "phone_index"]),
    ("projection", Some(Level::Personal), &["projection"]),
    ("job_match", Some(Level::Personal), &["decision_note"]),
    ("idempotency", Some(Level::Personal), &["reply"]),
    ("import_part", Some(Level::Personal), &["sealed"]),
    ("export_part", Some(Level::Personal), &["sealed"]),
    ("suppression", None, &["email_index"]),
    ("staff", Some(Level::Personal), &["email", "display_name"]),
    ("staff", Some(Level::Sensitive), &["totp_secret"]),
    ("staff", None, &["sign_in_index"]),
];
