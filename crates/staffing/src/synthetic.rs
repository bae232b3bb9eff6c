//! Synthetic clients, jobs, candidates and employments: the same for the same seed, on every
//! machine.
//!
//! For demonstrations, sandboxes and tests. Nobody in here exists: addresses are on the domains
//! of RFC 2606, telephone numbers from ranges kept for fiction or impossible, and names are drawn
//! part by part. Each draft goes through the same parser as a caller's.

mod companies;
mod engagements;
mod openings;
mod people;
mod places;
mod random;
mod roles;

use kernel::{CandidateId, ClientCompanyId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::calendar::Date;
use crate::candidate::CandidateDraft;
use crate::client::ClientDraft;
use crate::employment::EmploymentDraft;
use crate::job::JobDraft;

/// So many client companies.
#[must_use]
pub fn clients(seed: u64, count: u64) -> Vec<ClientDraft> {
    (0..count).filter_map(|index| parsed(companies::company(seed, index))).collect()
}

/// So many jobs of these clients, published around `today`; none when there are no clients.
#[must_use]
pub fn jobs(seed: u64, count: u64, clients: &[ClientCompanyId], today: Date) -> Vec<JobDraft> {
    let owners = clients.iter().cycle();
    let jobs = (0..count).zip(owners);
    jobs.filter_map(|(index, client)| parsed(openings::opening(seed, index, *client, today)))
        .collect()
}

/// So many candidates, each with an e-mail address of their own, made as they are taken.
pub fn candidates(seed: u64, count: u64) -> impl Iterator<Item = CandidateDraft> {
    (0..count).filter_map(move |index| parsed(people::person(seed, index)))
}

/// An employment of each of these people, in turn for these clients, begun before `today`; none
/// when there are no clients.
#[must_use]
pub fn employments(
    seed: u64,
    people: &[(CandidateId, &CandidateDraft)],
    clients: &[ClientCompanyId],
    today: Date,
) -> Vec<EmploymentDraft> {
    let parties = (0..).zip(people.iter().zip(clients.iter().cycle()));
    let drafts = parties.filter_map(|(index, (candidate, client))| {
        let parties = engagements::Parties { candidate: *candidate, client: *client, today };
        parsed(engagements::engagement(seed, index, &parties))
    });
    drafts.collect()
}

/// INVARIANT: the tables make only what parses; the tests count.
fn parsed<T: DeserializeOwned>(document: Value) -> Option<T> {
    serde_json::from_value(document).ok()
}

/// A telephone number of the form, its `x` replaced by digits.
fn phone(form: &str, random: &mut random::Random) -> String {
    let digit = |random: &mut random::Random| {
        char::from_digit(u32::try_from(random.below(10)).unwrap_or(0), 10).unwrap_or('0')
    };
    form.chars().map(|c| if c == 'x' { digit(random) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use kernel::Purpose;
    use serde_json::json;

    use super::*;

    const COUNT: u64 = 300;

    fn owners() -> Vec<ClientCompanyId> {
        let ids = ["cli_00000000000000000000000001", "cli_00000000000000000000000002"];
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    fn today() -> Date {
        Date::parse("2026-11-22").unwrap()
    }

    fn everything(seed: u64) -> Value {
        json!([
            clients(seed, COUNT).iter().map(|c| c.document(Purpose::Answer)).collect::<Vec<_>>(),
            jobs(seed, COUNT, &owners(), today()),
            candidates(seed, COUNT).map(|c| c.document(Purpose::Answer)).collect::<Vec<_>>(),
        ])
    }

    /// With members in order, whatever features of serde_json other crates ask for.
    fn canonical(value: &Value) -> String {
        let join = |parts: Vec<String>| parts.join(",");
        match value {
            Value::Array(items) => format!("[{}]", join(items.iter().map(canonical).collect())),
            Value::Object(members) => {
                let mut members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("{name:?}:{}", canonical(value)))
                    .collect();
                members.sort_unstable();
                format!("{{{}}}", join(members))
            }
            _ => value.to_string(),
        }
    }

    /// FNV-1a, which unlike the standard library's hash never changes.
    fn hash(text: &str) -> u64 {
        text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        })
    }

    #[test]
    fn the_tables_make_only_what_parses_and_passes_the_checks() {
        let (clients, jobs) = (clients(7, COUNT), jobs(7, COUNT, &owners(), today()));
        let candidates: Vec<_> = candidates(7, COUNT).collect();

        assert_eq!([clients.len(), jobs.len(), candidates.len()], [COUNT as usize; 3]);
        assert!(clients.iter().all(|draft| draft.check().is_empty()));
        assert!(jobs.iter().all(|draft| draft.check().is_empty()));
        assert!(candidates.iter().all(|draft| draft.check().is_empty()));
    }

    #[test]
    fn every_place_and_role_makes_what_parses() {
        assert_eq!(candidates(11, 1_000).count(), 1_000);
        assert_eq!(jobs(11, 1_000, &owners(), today()).len(), 1_000);
        assert_eq!(clients(11, 1_000).len(), 1_000);
    }

    #[test]
    fn every_employment_is_ready_to_be_approved() {
        let people: Vec<_> = candidates(7, COUNT).collect();
        let id = "cand_00000000000000000000000001".parse().unwrap();
        let parties: Vec<_> = people.iter().map(|person| (id, person)).collect();
        let employments = employments(7, &parties, &owners(), today());

        assert_eq!(employments.len(), COUNT as usize);
        for draft in &employments {
            assert_eq!(draft.check(), []);
            assert_eq!(draft.lacks(), []);
            let gist: crate::employment::Gist = serde_json::from_value(draft.terms()).unwrap();
            assert!(gist.has_tasks_done());
        }
    }

    #[test]
    fn no_clients_no_jobs() {
        assert!(jobs(1, 5, &[], today()).is_empty());
    }

    #[test]
    fn the_same_seed_makes_the_same_data_everywhere() {
        let text = canonical(&everything(1));

        assert_eq!(text, canonical(&everything(1)));
        assert_ne!(text, canonical(&everything(2)));
        assert_eq!(hash(&text), 7_235_257_099_422_118_534);
    }

    #[test]
    fn fewer_are_the_beginning_of_more() {
        let [few, many] = [5, 9].map(|count| candidates(3, count).collect::<Vec<_>>());

        assert!(many.starts_with(&few));
    }

    #[test]
    fn people_have_addresses_of_their_own_where_no_mail_arrives() {
        let candidates: Vec<_> = candidates(5, 2_000).collect();
        let addresses = candidates.iter().map(|c| c.email.open(Purpose::Answer).as_str());
        let distinct: std::collections::BTreeSet<&str> = addresses.collect();

        assert_eq!(distinct.len(), candidates.len());
        let reserved = ["@example.com", "@example.org", "@example.net"];
        assert!(distinct.iter().all(|a| reserved.iter().any(|end| a.ends_with(end))));
    }

    #[test]
    fn people_are_from_many_countries_and_write_in_many_scripts() {
        let people: Vec<_> = candidates(9, 500).collect();
        let countries: std::collections::BTreeSet<_> = people.iter().map(|p| p.country).collect();
        let names: String =
            people.iter().map(|p| p.family_name.open(Purpose::Answer).as_str()).collect();

        assert!(countries.len() >= 12, "{}", countries.len());
        for script in ['К', 'Π', '陳', '김', 'श', 'ع', 'ב', 'ბ', 'ß', 'ễ'] {
            assert!(names.contains(script), "{script}");
        }
    }

    #[test]
    fn telephone_numbers_are_nobody_s() {
        let fiction = ["+4477009", "+13035550", "+493023125", "+3363998", "+4670174", "+6125550"];
        for place in places::PLACES {
            let reserved = fiction.iter().any(|range| place.phone.starts_with(range));
            assert!(reserved || place.phone.contains("00000"), "{}", place.country);
        }
    }

    #[test]
    fn currencies_have_as_many_digits_as_iso_4217_says() {
        for place in places::PLACES {
            let currency = iso_currency::Currency::from_code(place.currency).unwrap();
            assert_eq!(currency.exponent().map(u32::from), Some(place.digits), "{}", place.country);
        }
    }

    #[test]
    fn jobs_belong_to_the_clients_given() {
        let jobs = jobs(1, 3, &owners(), today());

        let ids: Vec<_> = jobs.iter().map(|job| job.client_id).collect();
        assert_eq!(ids, [owners()[0], owners()[1], owners()[0]]);
    }
}
