//! Requests made of the contract itself: what it allows, the rules let pass.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;

use super::maker::{Chance, Maker};
use super::{Arc, Inspector, Recorded, contract, inspector, judge};
use crate::contract::{Contract, Find, Operation};

/// The document, as the handlers say it.
fn document() -> Value {
    let path = super::super::folder().join("../../docs/reference/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A request of one operation, if what chance made fits the contract.
struct Attempt<'d> {
    maker: Maker<'d>,
    path: &'d str,
    method: &'d str,
    operation: &'d Value,
}

impl Attempt<'_> {
    fn request(&mut self) -> Recorded {
        let mut target = self.path.to_owned();
        let mut query = Vec::new();
        let mut headers = vec![
            ("Host".to_owned(), "api.example.org".to_owned()),
            ("User-Agent".to_owned(), "partner-client/2.4".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        for parameter in self.operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let is_required = parameter["required"] == true;
            let values = match self.maker.value(&parameter["schema"]) {
                Value::Array(values) => values,
                value => vec![value],
            };
            match parameter["in"].as_str() {
                Some("path") => {
                    let value = encoded(&plain(&values[0]));
                    target = target.replace(&format!("{{{name}}}"), &value);
                }
                Some("query") if is_required || self.maker.chance.percent(50) => {
                    query.extend(values.iter().map(|v| format!("{name}={}", encoded(&plain(v)))));
                }
                Some("header") => headers.push((name.to_owned(), plain(&values[0]))),
                _ => {}
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        let body = self.body(&mut headers);
        Recorded {
            method: self.method.to_ascii_uppercase().into_bytes(),
            target: target.into_bytes(),
            protocol: b"HTTP/1.1".to_vec(),
            headers: headers.into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
            body,
        }
    }

    fn body(&mut self, headers: &mut Vec<(String, String)>) -> Vec<u8> {
        let content = &self.operation["requestBody"]["content"];
        let kinds: Vec<(&String, &Value)> = content.as_object().into_iter().flatten().collect();
        if kinds.is_empty() {
            return Vec::new();
        }
        let (media, content) = *self.maker.chance.pick(&kinds);
        let value = self.maker.value(&content["schema"]);
        let bytes = match media.as_str() {
            FORM => form(&value),
            media if media.ends_with("json") && media != "application/x-ndjson" => {
                value.to_string().into_bytes()
            }
            _ => plain(&value).into_bytes(),
        };
        headers.push(("Content-Type".to_owned(), media.clone()));
        headers.push(("Content-Length".to_owned(), bytes.len().to_string()));
        bytes
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn form(value: &Value) -> Vec<u8> {
    let members = value.as_object().into_iter().flatten();
    let pairs = members.filter(|(_, value)| !value.is_null());
    let pairs = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(&plain(value))));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// Whether the contract takes all of it.
fn fits(one: &Recorded, contract: &Contract) -> bool {
    let Some(operation) = one.operation(contract) else { return false };
    let mut headers = HeaderMap::new();
    for (name, value) in &one.headers {
        let name = HeaderName::from_bytes(name).unwrap();
        let Ok(value) = HeaderValue::from_bytes(value) else { return false };
        headers.append(name, value);
    }
    let target = std::str::from_utf8(&one.target).unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    let media = headers.get("content-type").map(|value| value.to_str().unwrap());
    let is_found = matches!(
        contract.find(&Method::from_bytes(&one.method).unwrap(), path),
        Find::Found { .. }
    );
    is_found
        && operation.check_parameters(query, &headers).is_ok()
        && takes(operation, media, &one.body)
}

fn takes(operation: &Operation, media: Option<&str>, body: &[u8]) -> bool {
    match operation.body(media, !body.is_empty()) {
        Ok(Some(spec)) => spec.check(body).is_ok(),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// So many requests of each operation that fit the contract.
fn requests(document: &Value, contract: &Contract, each: usize) -> Vec<Recorded> {
    let mut all = Vec::new();
    let mut seed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_none() {
                continue;
            }
            seed += 1;
            let maker = Maker { document, chance: Chance(seed) };
            let mut attempt = Attempt { maker, path, method, operation };
            let tries = std::iter::repeat_with(|| attempt.request()).take(each * TRIES_EACH);
            let fitting: Vec<_> = tries.filter(|one| fits(one, contract)).take(each).collect();
            assert_eq!(fitting.len(), each, "{method} {path}: too few fit");
            all.extend(fitting);
        }
    }
    all
}

/// Whether a text ends with a quote and `#`: that is how a statement is cut off, and rule 10309 is
/// right about it, also where chance alone wrote it.
fn is_cut_off(one: &Recorded) -> bool {
    let body = String::from_utf8_lossy(&one.body);
    body.contains("'#\"") || body.contains("\\\"#\"")
}

#[test]
fn with_the_packaged_rules_nothing_that_the_contract_allows_is_refused() {
    let contract = contract();
    let inspector = inspector(&contract);
    let all = requests(&document(), &contract, EACH);
    assert!(all.len() > 4000, "{}", all.len());

    let (cut_off, prose): (Vec<_>, Vec<_>) = all.iter().partition(|one| is_cut_off(one));
    let refused: Vec<String> =
        prose.into_iter().filter_map(|one| told(&inspector, &contract, one)).collect();

    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
    assert!(cut_off.len() < all.len() / 1000, "{}", cut_off.len());
}

#[test]
fn an_attack_in_an_address_is_refused_by_the_contract_or_by_a_rule() {
    let (contract, document) = (contract(), document());
    let inspector = inspector(&contract);
    let all = requests(&document, &contract, 4);
    let passes = |path: &str, member: &str, value: &str| {
        let one = all.iter().find(|one| one.method == b"POST" && one.target == path.as_bytes());
        let changed = with_member(one.unwrap(), member, value);
        fits(&changed, &contract) && !judge(&inspector, &changed, Some(&contract)).0
    };

    let harmless = [("/v1/candidates", "email", "miles.o'brien@example.org")];
    for (path, member, value) in
        harmless.into_iter().chain([("/v1/clients", "website", "https://example.org/a?b=c")])
    {
        assert!(passes(path, member, value), "{value}");
    }
    for value in EVIL_MAIL {
        assert!(!passes("/v1/candidates", "email", value), "{value}");
        assert!(!passes("/v1/clients", "billing_email", value), "{value}");
    }
    for value in EVIL_PAGES {
        assert!(!passes("/v1/clients", "website", value), "{value}");
    }
}

/// The same request with another text in one member.
fn with_member(one: &Recorded, member: &str, value: &str) -> Recorded {
    let mut body: Value = serde_json::from_slice(&one.body).unwrap();
    body[member] = Value::from(value);
    let body = body.to_string().into_bytes();
    let mut headers = one.headers.clone();
    for (name, value) in &mut headers {
        if name == b"Content-Length" {
            *value = body.len().to_string().into_bytes();
        }
    }
    Recorded { headers, body, ..one.clone() }
}

/// The rules and the request, where it is refused.
fn told(inspector: &Inspector, contract: &Arc<Contract>, one: &Recorded) -> Option<String> {
    let (is_refused, rules) = judge(inspector, one, Some(contract));
    let sent = [&one.method[..], b" ", &one.target, b" ", &one.body].concat();
    is_refused.then(|| format!("{rules:?} {}", String::from_utf8_lossy(&sent)))
}

/// Local parts that RFC 5322 would allow.
const EVIL_MAIL: &[&str] = &[
    "x'or'1@example.org",
    "x'or'1'='1@example.org",
    "x'||'1@example.org",
    "'or-1#@example.org",
    "x'or-1--@example.org",
    "x'union/**/select@example.org",
    "`id`@example.org",
    "x|id|@example.org",
    "$IFS@example.org",
    "${7*7}@example.org",
    "{{7*7}}@example.org",
    "x'/onfocus=alert`1`/y='@example.org",
    "../../etc/passwd@example.org",
    "\"<script>alert(1)</script>\"@example.org",
    "x@example.org'or'1'='1",
    "x@example.org\r\nBcc:y@example.org",
];
const EVIL_PAGES: &[&str] = &[
    "https://example.org/?q=x'or'1'='1",
    "https://example.org/?q=%27or%271%27=%271",
    "https://example.org/<script>alert(1)</script>",
    "https://example.org/%3Cscript%3Ealert(1)%3C/script%3E",
    "https://example.org/$(id)",
    "https://example.org/;id",
    "https://example.org/`id`",
    "https://example.org/${jndi:ldap://example.org/a}",
    "https://example.org/../../../../etc/passwd",
    "https://example.org/%2e%2e/%2e%2e/etc/passwd",
    "https://example.org/?q=1/**/union/**/select/**/null",
    "https://169.254.169.254/latest/meta-data/",
    "javascript:alert(1)",
    "file:///etc/passwd",
];

const FORM: &str = "application/x-www-form-urlencoded";
/// Requests of each operation.
const EACH: usize = 40;
/// Chance rarely breaks a rule that stands between members, but it may.
const TRIES_EACH: usize = 50;
