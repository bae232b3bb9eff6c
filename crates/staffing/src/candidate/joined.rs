//! Two records of one person become one: what the one that stays says then.
//!
//! What it says already stands. What it lacks comes from the other, and lists are put together. An
//! objection on either record is an objection of the person.

use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::consent::{Consent, ConsentStatus};

/// A member that may be taken from the record that goes, although the one that stays has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakenMember {
    /// Given name.
    GivenName,
    /// Family name.
    FamilyName,
    /// The name to call them by.
    PreferredName,
    /// E-mail address.
    Email,
    /// Telephone number.
    Phone,
    /// Postal address.
    Address,
    /// Free text about them.
    Summary,
    /// Country they work from.
    Country,
    /// Time zone they work in.
    TimeZone,
    /// One line about what they do.
    Headline,
    /// Months of experience in all.
    ExperienceMonthsTotal,
    /// When and how much they can work.
    Availability,
    /// What they ask for.
    DesiredCompensation,
    /// When they can work, in their time zone.
    OverlapWindow,
    /// Where they were found.
    Source,
    /// The caller's own name for them.
    ExternalRef,
}

impl TakenMember {
    const fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::PreferredName => "preferred_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Summary => "summary",
            Self::Country => "country",
            Self::TimeZone => "time_zone",
            Self::Headline => "headline",
            Self::ExperienceMonthsTotal => "experience_months_total",
            Self::Availability => "availability",
            Self::DesiredCompensation => "desired_compensation",
            Self::OverlapWindow => "overlap_window",
            Self::Source => "source",
            Self::ExternalRef => "external_ref",
        }
    }
}

/// Both documents as one.
#[must_use]
pub fn joined(stays: &Value, goes: &Value, take: &[TakenMember]) -> Value {
    let mut all = members(stays);
    for (name, other) in members(goes) {
        let is_taken = take.iter().any(|taken| taken.name() == name);
        let own = all.remove(&name);
        let value = match (own, other) {
            (own, Value::Null) => own.unwrap_or_default(),
            (None | Some(Value::Null), other) => other,
            (Some(_), other) if is_taken => other,
            (Some(Value::Bool(own)), Value::Bool(other)) => Value::Bool(own || other),
            (Some(Value::Array(own)), Value::Array(other)) => together(&name, own, other),
            (Some(own), _) => own,
        };
        all.insert(name, value);
    }
    Value::Object(all)
}

/// Both grounds as one: an objection holds, and of two grants the later one.
#[must_use]
pub fn consent(stays: &Consent, goes: &Consent) -> Consent {
    let has = |one: &Consent, status| one.status == status;
    let withdrawn = [stays, goes].into_iter().find(|one| has(one, ConsentStatus::Withdrawn));
    let granted = [stays, goes].into_iter().filter(|one| has(one, ConsentStatus::Granted));
    let latest =
        granted.reduce(|one, other| if other.granted_at > one.granted_at { other } else { one });
    withdrawn.or(latest).unwrap_or(stays).clone()
}

/// Until when both are kept: it is one person, of whom something was heard that late.
#[must_use]
pub fn retain_until(stays: Option<Timestamp>, goes: Option<Timestamp>) -> Option<Timestamp> {
    stays.zip(goes).map(|(one, other)| one.max(other))
}

/// Both lists; of those that name the same thing the one that stays, and no more than there may be.
fn together(name: &str, mut own: Vec<Value>, other: Vec<Value>) -> Value {
    let (key, most) = match name {
        "skills" => (&["skill_id"][..], 200),
        "languages" => (&["tag"][..], 20),
        "work_authorisation" => (&["country", "kind"][..], 50),
        "education" | "tags" => (&[][..], 20),
        _ => (&[][..], 50),
    };
    for item in other {
        if own.len() < most && !own.iter().any(|known| is_same(known, &item, key)) {
            own.push(item);
        }
    }
    Value::Array(own)
}

/// Without a key, what is equal is the same.
fn is_same(one: &Value, other: &Value, key: &[&str]) -> bool {
    match key {
        [] => one == other,
        key => key.iter().all(|member| one.get(member) == other.get(member)),
    }
}

fn members(document: &Value) -> Map<String, Value> {
    document.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::candidate::consent::Basis;

    #[test]
    fn what_is_lacking_is_taken_and_what_is_there_stands() {
        let stays = json!({ "given_name": "Ana", "phone": null, "headline": "Own",
            "tags": ["a"], "do_not_contact": false, "email": "a@example.org",
            "skills": [{ "skill_id": "local:rust", "level": 2 }] });
        let goes = json!({ "given_name": "Anna", "phone": "+1", "headline": "Other",
            "tags": ["a", "b"], "do_not_contact": true, "email": "b@example.org", "source": "fair",
            "skills": [{ "skill_id": "local:rust", "level": 5 }, { "skill_id": "local:go" }] });

        let all = joined(&stays, &goes, &[TakenMember::Email]);

        assert_eq!(
            all,
            json!({ "given_name": "Ana", "phone": "+1", "headline": "Own", "tags": ["a", "b"],
                "do_not_contact": true, "email": "b@example.org", "source": "fair",
                "skills": [{ "skill_id": "local:rust", "level": 2 }, { "skill_id": "local:go" }] })
        );
        assert_eq!(joined(&stays, &json!({}), &[TakenMember::Email]), stays);
    }

    #[test]
    fn lists_stay_within_their_bounds() {
        let tags = |from: u32| (from..from + 15).map(|tag| json!(tag)).collect::<Vec<_>>();

        let all = joined(&json!({ "tags": tags(0) }), &json!({ "tags": tags(15) }), &[]);

        assert_eq!(all["tags"].as_array().unwrap().len(), 20);
    }

    #[test]
    fn an_objection_holds_and_else_the_latest_grant() {
        let at = |status, at: Option<i64>| Consent {
            status,
            granted_at: at.map(Timestamp::from_millis),
            ..Consent::pending(Basis::Consent)
        };
        let pending = at(ConsentStatus::Pending, None);
        let (early, late) =
            (at(ConsentStatus::Granted, Some(1)), at(ConsentStatus::Granted, Some(2)));
        let withdrawn = at(ConsentStatus::Withdrawn, Some(3));

        for (stays, goes, expected) in [
            (&early, &withdrawn, &withdrawn),
            (&withdrawn, &late, &withdrawn),
            (&early, &late, &late),
            (&late, &early, &late),
            (&pending, &early, &early),
            (&pending, &at(ConsentStatus::Expired, Some(1)), &pending),
        ] {
            assert_eq!(&consent(stays, goes), expected);
        }
    }

    #[test]
    fn the_later_end_counts_and_no_end_stays_none() {
        let [one, two] = [1, 2].map(|at| Some(Timestamp::from_millis(at)));
        assert_eq!(retain_until(one, two), two);
        assert_eq!(retain_until(None, two), None);
    }
}
