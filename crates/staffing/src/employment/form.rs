//! What each country asks for: JSON Schemas as data, in `forms/employment/`.
//!
//! A form describes `country_data`, and names the members of the employment that the country needs
//! besides (`x-ringwall-requires`). What is missing may be added until the approval; what does not
//! fit is refused at once.

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use kernel::{CountryCode, FieldError, Line, Pii, Purpose};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::EmploymentDraft;

/// What a country's form asks for: at most 50 members, each a line, a whole number or a truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CountryData(Map<String, Value>);

/// What a country's form asks for, about a person.
pub type PersonalCountryData = Pii<CountryData>;

/// The form of one country.
pub struct Form {
    /// Which.
    pub country: CountryCode,
    /// The JSON Schema (2020-12), as published.
    pub schema: Value,
    validator: Validator,
    requires: Vec<String>,
}

/// The form of a country, where there is one.
#[must_use]
pub fn of(country: CountryCode) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.country == country)
}

/// Every form.
#[must_use]
pub fn all() -> &'static [Form] {
    &FORMS
}

/// What is there and does not fit.
pub(super) fn check(draft: &EmploymentDraft) -> Vec<FieldError> {
    let Some(data) = &draft.country_data else { return Vec::new() };
    let Some(form) = of(draft.country) else {
        let detail = "expected none: there is no form for this country";
        return vec![FieldError::new("/country_data", "form_unknown", detail)];
    };
    let value = Value::Object(data.open(Purpose::Change).0.clone());
    let errors = form.validator.iter_errors(&value);
    errors.filter(|error| !is_missing(error)).map(|error| misfit(&error)).collect()
}

/// What is not there yet.
pub(super) fn lacks(draft: &EmploymentDraft) -> Vec<FieldError> {
    let Some(form) = of(draft.country) else { return Vec::new() };
    let document = draft.document(Purpose::Change);
    let empty = Value::Object(Map::new());
    let data = document.get("country_data").filter(|data| !data.is_null()).unwrap_or(&empty);
    let missing = form.validator.iter_errors(data).filter_map(|error| match error.kind() {
        ValidationErrorKind::Required { property } => {
            property.as_str().map(|name| required(&format!("/country_data/{name}")))
        }
        _ => None,
    });
    let is_absent = |name: &&String| document.get(name.as_str()).is_none_or(Value::is_null);
    let members = form.requires.iter().filter(is_absent);
    members.map(|name| required(&format!("/{name}"))).chain(missing).collect()
}

fn required(pointer: &str) -> FieldError {
    FieldError::new(pointer, "required", "expected by the country's form before approval")
}

fn is_missing(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Required { .. })
}

/// Where and which rule; never what was sent.
fn misfit(error: &ValidationError<'_>) -> FieldError {
    let unknown = matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. });
    let (code, detail) = if unknown {
        ("unknown_field", "expected only members of the country's form")
    } else {
        ("format", "expected a value that fits the country's form")
    };
    FieldError::new(format!("/country_data{}", error.instance_path()), code, detail)
}

/// INVARIANT: every file is a JSON Schema; a test counts them.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| FILES.iter().filter_map(read).collect());

fn read((country, text): &(&str, &str)) -> Option<Form> {
    let schema: Value = serde_json::from_str(text).ok()?;
    let requires = schema.get("x-ringwall-requires").and_then(Value::as_array);
    let requires = requires.into_iter().flatten().filter_map(Value::as_str);
    Some(Form {
        country: CountryCode::parse(country).ok()?,
        validator: jsonschema::options().should_validate_formats(true).build(&schema).ok()?,
        requires: requires.map(ToOwned::to_owned).collect(),
        schema,
    })
}

const FILES: &[(&str, &str)] = &[
    ("BR", include_str!("../../forms/employment/BR.json")),
    ("DE", include_str!("../../forms/employment/DE.json")),
    ("GB", include_str!("../../forms/employment/GB.json")),
    ("IN", include_str!("../../forms/employment/IN.json")),
    ("PT", include_str!("../../forms/employment/PT.json")),
    ("US", include_str!("../../forms/employment/US.json")),
];

impl<'de> Deserialize<'de> for CountryData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::<String, Value>::deserialize(deserializer)?;
        let fits = |(name, value): (&String, &mut Value)| {
            Line::<1, 64>::parse(name).is_ok()
                && match value {
                    Value::Bool(_) => true,
                    Value::Number(number) => {
                        number.as_i64().is_some_and(|n| (0..=NUMBER_MAX).contains(&n))
                    }
                    Value::String(text) => match Line::<1, 200>::parse(text) {
                        Ok(line) => {
                            line.as_str().clone_into(text);
                            true
                        }
                        Err(_) => false,
                    },
                    _ => false,
                }
        };
        let count = members.len();
        if count <= MEMBERS_MAX && members.iter_mut().all(fits) {
            Ok(Self(members))
        } else {
            Err(serde::de::Error::custom("expected at most 50 lines, whole numbers or booleans"))
        }
    }
}

impl PartialSchema for CountryData {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .maximum(Some(NUMBER_MAX));
        let value = AnyOfBuilder::new()
            .item(Line::<1, 200>::schema())
            .item(number)
            .item(ObjectBuilder::new().schema_type(Type::Boolean));
        let value = AdditionalProperties::RefOr(RefOr::T(Schema::AnyOf(value.build())));
        ObjectBuilder::new()
            .property_names(Some(Line::<1, 64>::schema()))
            .additional_properties(Some(value))
            .max_properties(Some(MEMBERS_MAX))
            .into()
    }
}

impl ToSchema for CountryData {}

const MEMBERS_MAX: usize = 50;
const NUMBER_MAX: i64 = 10_000_000_000_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(country: &str, changes: Value) -> EmploymentDraft {
        let mut body = json!({
            "candidate_id": "cand_00000000000000000000000001",
            "client_id": "cli_00000000000000000000000001",
            "engagement_model": "eor", "contract_type": "indefinite",
            "job_title": "Tester", "start_date": "2026-12-01", "country": country,
        });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(body).unwrap()
    }

    fn pointers(errors: &[FieldError]) -> Vec<&str> {
        errors.iter().map(|error| error.pointer.as_str()).collect()
    }

    #[test]
    fn every_form_is_a_schema_of_the_stated_draft() {
        assert_eq!(all().len(), FILES.len());
        for form in all() {
            assert_eq!(form.schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert_eq!(form.schema["additionalProperties"], false);
            assert!(!form.requires.is_empty(), "{}", form.country.as_str());
            let meta = jsonschema::meta::is_valid(&form.schema);
            assert!(meta, "{}", form.country.as_str());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_at_once_and_never_repeated() {
        let wrong = json!({ "country_data": { "tax_code": "Q7 no such code", "q7": "x" } });
        let errors = draft("GB", wrong).check();

        let mut found = pointers(&errors);
        found.sort_unstable();
        assert_eq!(found, ["/country_data", "/country_data/tax_code"]);
        assert!(!errors.iter().any(|error| error.detail.to_lowercase().contains("q7")));
    }

    #[test]
    fn what_is_missing_may_come_later() {
        let unfinished = draft("GB", json!({ "country_data": { "tax_code": "1257L" } }));

        assert!(unfinished.check().is_empty());
        let lacks = unfinished.lacks();
        assert!(pointers(&lacks).contains(&"/national_id"), "{lacks:?}");
        assert!(pointers(&lacks).contains(&"/country_data/starter_declaration"), "{lacks:?}");
    }

    #[test]
    fn a_country_without_form_takes_no_data_and_lacks_none() {
        let errors = draft("SE", json!({ "country_data": { "a": "b" } })).check();

        assert_eq!(pointers(&errors), ["/country_data"]);
        assert!(draft("SE", json!({})).lacks().is_empty());
    }
}
