//! The published schemas and the parsers agree: each takes exactly what the other takes.

use std::sync::LazyLock;

use kernel::{ClientCompanyId, Purpose};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::calendar::Date;
use crate::candidate::CandidateDraft;
use crate::client::ClientDraft;
use crate::employment::EmploymentDraft;
use crate::employment::amendment::AmendmentDraft;
use crate::job::JobDraft;
use crate::merge::merge;
use crate::patch::{CandidatePatch, ClientPatch, EmploymentPatch, JobPatch, Patched};
use crate::{patch, synthetic};

/// A schema with all components that it refers to.
fn document<T: ToSchema>() -> Value {
    let mut components = Vec::new();
    T::schemas(&mut components);
    let components: Map<String, Value> = components
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap()))
        .collect();
    let mut schema = serde_json::to_value(T::schema()).unwrap();
    schema["components"] = json!({ "schemas": components });
    schema
}

fn validator<T: ToSchema>() -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(&document::<T>()).unwrap()
}

fn jobs(count: u64) -> Vec<Value> {
    let clients: [ClientCompanyId; 1] = ["cli_00000000000000000000000001".parse().unwrap()];
    let today = Date::parse("2026-11-22").unwrap();
    let jobs = synthetic::jobs(1, count, &clients, today);
    jobs.iter().map(|job| serde_json::to_value(job).unwrap()).collect()
}

fn clients(count: u64) -> Vec<Value> {
    synthetic::clients(1, count).iter().map(|c| c.document(Purpose::Answer)).collect()
}

fn candidates(count: u64) -> Vec<Value> {
    synthetic::candidates(1, count).map(|c| c.document(Purpose::Answer)).collect()
}

fn employments(count: u64) -> Vec<Value> {
    let clients: [ClientCompanyId; 1] = ["cli_00000000000000000000000001".parse().unwrap()];
    let today = Date::parse("2026-11-22").unwrap();
    let people: Vec<_> = synthetic::candidates(1, count).collect();
    let id = "cand_00000000000000000000000001".parse().unwrap();
    let people: Vec<_> = people.iter().map(|person| (id, person)).collect();
    let drafts = synthetic::employments(1, &people, &clients, today);
    drafts.iter().map(|draft| draft.document(Purpose::Answer)).collect()
}

/// Values near the limits of one member or another.
fn odd_values() -> Vec<Value> {
    let mut values = vec![json!(null), json!(true), json!(false), json!(1.5), json!([]), json!({})];
    values.extend(ODD_TEXT.split_whitespace().map(|text| json!(text)));
    values.extend(["", " ", "a\nb", "a\u{202E}b", "\u{0}"].map(|text| json!(text)));
    values.extend(ODD_LENGTHS.map(|length| json!("x".repeat(length))));
    values.extend(ODD_NUMBERS.map(|number| json!(number)));
    values.extend([json!(["DE"]), json!(["xx", "yy"])]);
    values.extend([json!(vec!["tag"; 21]), json!(vec!["DE"; 251])]);
    values
}

const ODD_TEXT: &str = "x xx DE EUR Europe/Berlin en en-gb 2026-02-28 2026-02-30 2026-13 2026-12 \
    24:00 23:59 true local:rust local:Rust esco:abc a@b.de a@b +447700900123 +44 native remote \
    gross https://example.org/x http://example.org GB-SCT cli_00000000000000000000000009 \
    job_00000000000000000000000009 日本語";
const ODD_LENGTHS: [usize; 15] =
    [40, 41, 64, 65, 100, 101, 120, 121, 128, 129, 200, 201, 4_001, 5_001, 20_001];
#[rustfmt::skip]
const ODD_NUMBERS: [i64; 36] = [
    -1, 0, 1, 5, 6, 8, 9, 12, 13, 50, 51, 60, 61, 80, 81, 100, 101, 180, 181, 365, 366, 520, 521,
    720, 721, 999, 1000, 1899, 1900, 1949, 1950, 2200, 2201, kernel::money::AMOUNT_MAX,
    kernel::money::AMOUNT_MAX + 1, i64::MAX,
];

/// Pointers to the values in a document; of a list's items, which are alike, to the first.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                pointers(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                pointers(first, &format!("{at}/0"), found);
            }
        }
        _ => {}
    }
}

/// A document with one value replaced, or removed, or one member too many.
fn mutations(document: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    pointers(document, "", &mut places);
    let mut mutated = Vec::new();
    for place in places.iter().filter(|place| !place.is_empty()) {
        for odd in odd_values() {
            let mut changed = document.clone();
            *changed.pointer_mut(place).unwrap() = odd.clone();
            mutated.push((format!("{place} = {odd:.60}"), changed));
        }
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut changed = document.clone();
        if let Some(Value::Object(members)) = changed.pointer_mut(parent) {
            members.remove(name);
            mutated.push((format!("{place} removed"), changed.clone()));
        }
        if let Some(Value::Object(members)) = changed.pointer_mut(place) {
            members.insert("unknown_member".to_owned(), json!(1));
            mutated.push((format!("{place} with an unknown member"), changed));
        }
    }
    mutated
}

fn agree<T: ToSchema + DeserializeOwned>(documents: &[Value], also: fn(&T) -> bool) {
    let validator = validator::<T>();
    for document in documents {
        assert!(validator.is_valid(document), "{:?}", validator.validate(document).err());
        for (what, changed) in mutations(document) {
            let parsed = serde_json::from_value::<T>(changed.clone()).is_ok_and(|t| also(&t));
            assert_eq!(validator.is_valid(&changed), parsed, "{what}");
        }
    }
}

/// Of the rules between members, a schema can say all but which of two numbers is greater.
fn sayable(draft: &JobDraft) -> bool {
    draft.check().iter().all(|error| error.code == "range")
}

#[test]
fn the_job_schema_and_parser_agree() {
    agree::<JobDraft>(&jobs(3), sayable);
}

#[test]
fn the_client_schema_and_parser_agree() {
    agree::<ClientDraft>(&clients(3), |_| true);
}

#[test]
fn the_candidate_schema_and_parser_agree() {
    agree::<CandidateDraft>(&candidates(2), |_| true);
}

#[test]
fn the_employment_schema_and_parser_agree() {
    agree::<EmploymentDraft>(&employments(2), |_| true);
}

#[test]
fn the_amendment_schema_and_parser_agree() {
    let documents = [json!({
        "effective_from": "2027-01-01", "reason": "Raise",
        "changes": {
            "compensation": { "amount_minor": 1, "currency": "EUR", "period": "month" },
            "job_title": "Lead", "department": "Finance", "weekly_hours": 38,
            "pay_frequency": "monthly",
        },
    })];
    // That a change changes something is the schema's to say, and the transition's to hold.
    let says_something = |draft: &AmendmentDraft| draft.changes != Default::default();
    agree::<AmendmentDraft>(&documents, says_something);
}

#[test]
fn every_synthetic_document_fits_the_schema() {
    let (job, client, candidate) =
        (validator::<JobDraft>(), validator::<ClientDraft>(), validator::<CandidateDraft>());

    assert!(jobs(300).iter().all(|document| job.is_valid(document)));
    assert!(clients(300).iter().all(|document| client.is_valid(document)));
    assert!(candidates(300).iter().all(|document| candidate.is_valid(document)));
    let employment = validator::<EmploymentDraft>();
    assert!(employments(300).iter().all(|document| employment.is_valid(document)));
}

#[test]
fn documents_hold_exactly_the_members_of_the_schema() {
    let same = |document: &Value, schema: Value| {
        let names = |value: &Value| -> std::collections::BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(document), names(&schema["properties"]));
    };

    same(&clients(1)[0], document::<ClientDraft>());
    same(&candidates(1)[0], document::<CandidateDraft>());
    same(&jobs(1)[0], document::<JobDraft>());
    same(&employments(1)[0], document::<EmploymentDraft>());
}

#[test]
fn documents_parse_back_to_the_same_draft() {
    for draft in synthetic::candidates(2, 100) {
        let back: CandidateDraft = serde_json::from_value(draft.document(Purpose::Change)).unwrap();
        assert!(back == draft);
    }
    for draft in synthetic::clients(2, 100) {
        let back: ClientDraft = serde_json::from_value(draft.document(Purpose::Change)).unwrap();
        assert!(back == draft);
    }
    for document in employments(100) {
        let back: EmploymentDraft = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(back.document(Purpose::Change), document);
    }
    for document in jobs(100) {
        let back: JobDraft = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(serde_json::to_value(back).unwrap(), document);
    }
}

#[test]
fn the_professional_part_names_nobody() {
    for draft in synthetic::candidates(4, 50) {
        let text = draft.professional().to_string();

        assert!(!text.contains('@') && !text.contains("Example Works"));
        assert!(!text.contains("University") && !text.contains("end_year"));
        assert!(!text.contains(draft.family_name.open(Purpose::Answer).as_str()));
    }
}

#[test]
fn patches_require_nothing_and_refuse_what_no_draft_has() {
    let patches = [
        validator::<ClientPatch>(),
        validator::<JobPatch>(),
        validator::<CandidatePatch>(),
        validator::<EmploymentPatch>(),
    ];

    for patch in patches {
        assert!(patch.is_valid(&json!({})));
        assert!(!patch.is_valid(&json!({ "unknown_member": 1 })));
        assert!(!patch.is_valid(&json!([])));
    }
}

#[test]
fn a_patch_removes_only_what_the_draft_can_do_without() {
    let patch = validator::<JobPatch>();

    for good in [
        json!({ "external_ref": null, "tags": null, "visibility": null, "compensation": null }),
        json!({ "remote_policy": { "worldwide": true, "countries_allowed": null } }),
        json!({ "remote_policy": { "core_hours": { "start": "09:00" } } }),
        json!({ "compensation": { "max_minor": 5 } }),
    ] {
        assert!(patch.is_valid(&good), "{good}");
    }
    for bad in [
        json!({ "title": null }),
        json!({ "title": "" }),
        json!({ "remote_policy": null }),
        json!({ "remote_policy": { "kind": null } }),
        json!({ "remote_policy": { "worldwide": false } }),
        json!({ "compensation": { "unknown": 1 } }),
        json!({ "skills": [{ "label": "Rust" }] }),
        json!({ "tags": ["x".repeat(41)] }),
    ] {
        assert!(!patch.is_valid(&bad), "{bad}");
    }
}

fn patch_fits<D: Patched + DeserializeOwned>(documents: &[Value], members: &Value) {
    let validator = validator::<patch::Patch<D>>();
    let kept = members.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    let whole: Map<String, Value> =
        kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    assert!(validator.is_valid(&Value::Object(whole.clone())));
    for document in documents {
        let mut target = document.clone();
        merge(&mut target, Value::Object(whole.clone()));
        assert!(serde_json::from_value::<D>(target).is_ok());
    }
}

#[test]
fn a_whole_document_is_a_patch_too() {
    patch_fits::<ClientDraft>(&clients(5), &clients(6)[5]);
    patch_fits::<JobDraft>(&jobs(5), &jobs(6)[5]);
    patch_fits::<CandidateDraft>(&candidates(5), &candidates(6)[5]);
    patch_fits::<EmploymentDraft>(&employments(5), &employments(6)[5]);
}

static PEOPLE: LazyLock<Vec<Value>> = LazyLock::new(|| candidates(20));
static DRAFT: LazyLock<jsonschema::Validator> = LazyLock::new(validator::<CandidateDraft>);
static PATCH: LazyLock<jsonschema::Validator> = LazyLock::new(validator::<CandidatePatch>);

proptest! {
    /// What the merge makes is judged alike by schema and parser; and what the patch schema takes
    /// fits, but for a part of an object where there was none to change.
    #[test]
    fn a_patched_document_is_judged_alike_by_schema_and_parser(
        index in 0_usize..20,
        member in any::<prop::sample::Index>(),
        odd in any::<prop::sample::Index>(),
    ) {
        let document = &PEOPLE[index];
        let names: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
        let values = odd_values();
        let (name, odd) = (member.get(&names), odd.get(&values));
        let patch = json!({ name.clone(): odd });
        let mut target = document.clone();
        merge(&mut target, patch.clone());

        let parsed = serde_json::from_value::<CandidateDraft>(target.clone()).is_ok();
        prop_assert_eq!(DRAFT.is_valid(&target), parsed);
        let begins_an_object = odd.is_object() && !document[name].is_object();
        if PATCH.is_valid(&patch) && !begins_an_object {
            prop_assert!(parsed, "{patch}");
        }
    }
}
