//! The contract against its cases: a small document, and what it takes and refuses.

use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::FieldError;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Deserialize)]
struct ParameterCase {
    operation: String,
    query: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    errors: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct BodyCase {
    operation: String,
    media: Option<String>,
    body: String,
    code: Option<String>,
    #[serde(default)]
    errors: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct BrokenCase {
    at: String,
    value: Value,
    errors: Vec<(String, String)>,
}

fn petstore() -> Value {
    serde_json::from_str(include_str!("../../cases/contract/petstore.json")).unwrap()
}

fn contract() -> Contract {
    Contract::compile(&petstore()).unwrap()
}

fn operation<'c>(contract: &'c Contract, id: &str) -> &'c Operation {
    contract.operations().find(|operation| operation.id == id).unwrap()
}

fn submit(
    operation: &Operation,
    media: Option<&str>,
    body: &str,
) -> Result<Option<Value>, Problem> {
    let spec = operation.body(media, !body.is_empty())?;
    spec.map_or(Ok(None), |spec| spec.check(body.as_bytes()))
}

fn set(document: &mut Value, at: &str, value: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    document.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name, value);
}

fn sorted(errors: &[FieldError]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> =
        errors.iter().map(|error| (error.pointer.clone(), error.code.to_owned())).collect();
    pairs.sort();
    pairs
}

#[test]
fn broken_documents_are_refused_where_they_break() {
    let cases: Vec<BrokenCase> =
        serde_json::from_str(include_str!("../../cases/contract/broken.json")).unwrap();

    for case in cases {
        let mut document = petstore();
        set(&mut document, &case.at, case.value.clone());
        let errors = Contract::compile(&document).expect_err(&case.at);

        let label = format!("{} = {}: {errors:#?}", case.at, case.value);
        assert_eq!(errors.len(), case.errors.len(), "{label}");
        for (error, (pointer, detail)) in errors.iter().zip(&case.errors) {
            assert_eq!(&error.pointer, pointer, "{label}");
            assert!(error.detail.contains(detail.as_str()), "{label}");
        }
    }
}

#[test]
fn all_errors_of_a_document_come_at_once() {
    let mut document = petstore();
    set(&mut document, "/openapi", json!("3.0.0"));
    set(&mut document, "/components/schemas/Kind", json!({ "$ref": "other.json" }));
    set(&mut document, "/paths/~1form/post/x-ringwall", json!({ "limits": 1 }));

    let errors = Contract::compile(&document).unwrap_err();

    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    let expected = [
        "/components/schemas/Kind/$ref",
        "/openapi",
        "/paths/~1form/post/x-ringwall/limits",
        "/paths/~1form/post/x-ringwall/action",
    ];
    assert_eq!(pointers, expected);
}

#[test]
fn a_file_that_is_not_there_or_not_json_is_refused() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));

    assert!(Contract::from_file(&here.join("none.json")).is_err());
    assert!(Contract::from_file(&here.join("Cargo.toml")).is_err());
}

#[test]
fn paths_and_methods_find_their_operations() {
    let cases: Vec<(String, String, String)> =
        serde_json::from_str(include_str!("../../cases/contract/find.json")).unwrap();
    let contract = contract();

    for (method, path, expected) in cases {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let found = match contract.find(&method, &path) {
            Find::NotFound => "not found".to_owned(),
            Find::MethodNotAllowed { allow } => allow.to_owned(),
            Find::Found { operation, path_params } => path_params
                .iter()
                .fold(operation.id.clone(), |text, (name, value)| format!("{text} {name}={value}")),
        };

        assert_eq!(found, expected, "{method} {path}");
    }
}

#[test]
fn what_is_not_found_becomes_a_problem() {
    let contract = contract();

    let problem = contract.find(&Method::PUT, "/form").require().unwrap_err();
    assert_eq!((problem.code.status, problem.headers), (405, vec![("Allow", "POST".to_owned())]));
    let problem = contract.find(&Method::GET, "/none").require().unwrap_err();
    assert_eq!(problem.code, &NOT_FOUND);
}

#[test]
fn parameters_are_checked() {
    let cases: Vec<ParameterCase> =
        serde_json::from_str(include_str!("../../cases/contract/parameters.json")).unwrap();
    let contract = contract();

    for case in cases {
        let mut headers = HeaderMap::new();
        for (name, value) in &case.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let operation = operation(&contract, &case.operation);
        let result = operation.check_parameters(case.query.as_deref(), &headers);

        let found = result.err().map(|problem| {
            assert_eq!(problem.code, &problem::PARAMETER_INVALID);
            sorted(&problem.errors)
        });
        let mut expected = case.errors;
        expected.sort();
        assert_eq!(found.unwrap_or_default(), expected, "{:?} {:?}", case.query, case.headers);
    }
}

#[test]
fn a_change_without_its_precondition_has_a_status_of_its_own() {
    let contract = contract();

    let refused = operation(&contract, "change_pet").check_parameters(None, &HeaderMap::new());

    assert_eq!(refused.unwrap_err().code, &problem::PRECONDITION_REQUIRED);
}

#[test]
fn a_header_that_is_not_utf_8_is_refused() {
    let contract = contract();
    let mut headers = HeaderMap::new();
    headers.append("idempotency-key", HeaderValue::from_bytes(b"\xff").unwrap());

    let problem = operation(&contract, "create_pet").check_parameters(None, &headers).unwrap_err();

    assert_eq!(problem.errors[0].code, "encoding");
}

#[test]
fn the_number_of_query_parameters_is_bounded() {
    let contract = contract();
    let query = "x=1&".repeat(10_000);

    let operation = operation(&contract, "list_pets");
    let problem = operation.check_parameters(Some(&query), &HeaderMap::new()).unwrap_err();

    assert_eq!(problem.errors.len(), violation::ERRORS_MAX);
}

#[test]
fn bodies_are_checked() {
    let cases: Vec<BodyCase> =
        serde_json::from_str(include_str!("../../cases/contract/bodies.json")).unwrap();
    let contract = contract();

    for case in cases {
        let operation = operation(&contract, &case.operation);
        let result = submit(operation, case.media.as_deref(), &case.body);

        let label = format!("{} {:?} {}", case.operation, case.media, case.body);
        let problem = result.err();
        let code = problem.as_ref().map(|problem| problem.code.name.to_owned());
        assert_eq!(code, case.code, "{label} {problem:#?}");
        let mut expected = case.errors;
        expected.sort();
        let found = problem.map(|problem| sorted(&problem.errors)).unwrap_or_default();
        assert_eq!(found, expected, "{label}");
    }
}

#[test]
fn an_undeclared_media_type_is_told_which_are_declared() {
    let contract = contract();

    let problem = operation(&contract, "create_pet").body(Some("text/xml"), true).unwrap_err();

    let listed = "application/json, application/vnd.pets+json";
    assert_eq!(problem.headers, vec![("Accept-Post", listed.to_owned())]);
}

#[test]
fn no_more_errors_are_told_than_help() {
    let contract = contract();
    let unknown: serde_json::Map<_, _> = (0..50).map(|n| (format!("m{n}"), json!(1))).collect();

    let create = operation(&contract, "create_pet");
    let body = Value::from(unknown).to_string();
    let problem = submit(create, Some("application/json"), &body).unwrap_err();

    assert_eq!(problem.errors.len(), violation::ERRORS_MAX);
}

#[test]
fn a_submitted_value_is_never_repeated() {
    let contract = contract();
    let canary = "canary+7f3a@example.org";
    let mut problems = Vec::new();
    let members = [
        "name", "kind", "born", "email", "chip", "legs", "rate", "visits", "tags", "extra",
        "parent", "home", "any", "version", canary,
    ];
    let hostile = [
        json!(canary),
        json!([canary, canary]),
        json!({ canary: canary }),
        json!({ "type": canary }),
        json!({ canary: { canary: [canary] } }),
    ];
    for content_type in ["application/json", canary] {
        for value in &hostile {
            for member in members {
                let text = json!({ member: value }).to_string();
                let cut = text.strip_suffix('}').unwrap();
                let again = text.strip_prefix('{').unwrap();
                let twice = format!("{cut},{again}");
                for body in [text.as_str(), cut, twice.as_str(), canary] {
                    let operation = operation(&contract, "create_pet");
                    problems.extend(submit(operation, Some(content_type), body).err());
                }
            }
        }
    }
    let encoded = "canary%2B7f3a@example.org";
    for name in ["limit", "tag", "ids", "kind", "chipped", "weight", "cursor", encoded] {
        let query = format!("{name}={encoded}&{name}={encoded}");
        let operation = operation(&contract, "list_pets");
        problems.extend(operation.check_parameters(Some(&query), &HeaderMap::new()).err());
    }
    let path = format!("/v1/pets/{encoded}");
    problems.extend(contract.find(&Method::GET, &path).require().err());

    assert!(problems.len() > 500);
    for problem in problems {
        let text = format!("{problem:?}");
        assert!(!text.contains("7f3a"), "{text}");
    }
}

#[test]
fn operations_carry_what_the_rings_ask() {
    let contract = contract();

    for (index, operation) in contract.operations().enumerate() {
        assert_eq!(operation.index, index);
    }
    let create = operation(&contract, "create_pet");
    assert_eq!(create.label, "POST /v1/pets");
    assert_eq!((create.action.as_str(), create.access), ("pets.create", Access::Required));
    assert_eq!((create.sensitivity, create.body_max), (Sensitivity::High, 65536));
    assert!(create.idempotency && create.idempotency_required);
    assert!(create.documents(201) && create.documents(503));
    let change = operation(&contract, "change_pet");
    assert!(change.idempotency && !change.idempotency_required);
    assert_eq!((change.sensitivity, change.body_max), (Sensitivity::Normal, 256 * 1024));
    let list = operation(&contract, "list_pets");
    assert!(!list.idempotency && list.documents(404) && !list.documents(201));
    assert_eq!((list.access, list.error_form), (Access::Optional, ErrorForm::Problem));
    assert_eq!(operation(&contract, "token").error_form, ErrorForm::OAuth);
}

#[test]
fn problem_codes_are_distinct_and_their_status_is_an_error() {
    let names: std::collections::HashSet<_> = problem::CODES.iter().map(|code| code.name).collect();

    assert_eq!(names.len(), problem::CODES.len());
    assert!(problem::CODES.iter().all(|code| (400..500).contains(&code.status)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_requests_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "\\PC{0,80}",
        json in r#"\{("(name|kind|home|parent|any)":(null|1|"[a-z]"|\{\}|\[1\]),){0,4}"x":1\}"#,
    ) {
        let contract = contract();
        for operation in contract.operations() {
            for spec in operation.bodies() {
                for body in [bytes.as_slice(), text.as_bytes(), json.as_bytes()] {
                    let _ = spec.check(body);
                }
            }
            let _ = operation.body(Some(&text), true);
            let _ = operation.check_parameters(Some(&text), &HeaderMap::new());
        }
        let _ = contract.find(&Method::GET, &text);
        let _ = contract.find(&Method::GET, &format!("/v1/owners/{text}"));
    }
}
