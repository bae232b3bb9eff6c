//! Issuers whose access tokens are believed: `[[identity.trusted_issuers]]`.

use std::collections::BTreeSet;

use gate::trusted::{is_of_applications, is_of_people};
use kernel::TenantId;
use oauth::OutsideKind;
use oauth::jwk::Algorithm;
use oauth::provider::is_https;
use policy::{Environment, Role, SCOPES};
use serde::Deserialize;
use signin::federated::is_never;

use super::sections::Config;
use super::sso;

/// An issuer whose access tokens are believed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct TrustedIssuer {
    pub(crate) kind: OutsideKind,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) written: Written,
}

/// One as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) name: String,
    kind: String,
    pub(crate) issuer: String,
    pub(crate) jwks_uri: Option<String>,
    #[serde(default)]
    pub(crate) audiences: Vec<String>,
    #[serde(default = "rs256")]
    algorithms: Vec<String>,
    #[serde(default = "an_hour")]
    pub(crate) token_life_max_s: i64,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) tenant_claim: Option<String>,
    #[serde(default)]
    pub(crate) tenants: Vec<TenantRow>,
    pub(crate) clients: Vec<ClientRow>,
    pub(crate) roles_claim: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<RoleRow>,
    pub(crate) scope_claim: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<ScopeRow>,
    #[serde(default = "acr")]
    pub(crate) acr_claim: String,
    #[serde(default = "amr")]
    pub(crate) amr_claim: String,
    #[serde(default)]
    pub(crate) two_factors_acr: Vec<String>,
    #[serde(default)]
    pub(crate) phishing_resistant_acr: Vec<String>,
    #[serde(default)]
    pub(crate) enforces_mfa: bool,
    #[serde(default)]
    pub(crate) denied_subjects: Vec<String>,
}

/// A tenant that tokens may name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantRow {
    pub(crate) value: String,
    pub(crate) tenant: TenantId,
}

/// An application that is known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) roles: Vec<Role>,
    pub(crate) scopes: Vec<String>,
}

/// What a value of the roles' claim means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleRow {
    pub(crate) value: String,
    pub(crate) roles: Vec<Role>,
    /// Where it counts; in all where none is named.
    #[serde(default)]
    pub(crate) environments: Vec<Environment>,
}

/// What a scope is called here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeRow {
    pub(crate) scope: String,
    pub(crate) is: String,
}

impl TryFrom<Written> for TrustedIssuer {
    type Error = String;

    /// Tells everything that is wrong at once.
    fn try_from(written: Written) -> Result<Self, String> {
        let mut told: Vec<String> = broken(&written).into_iter().map(str::to_owned).collect();
        let kind = kind(&written.kind);
        if kind.is_none() {
            told.push("expected `kind` rfc9068, cognito, auth0 or okta".to_owned());
        }
        let algorithms = written.algorithms.iter().map(|name| sso::algorithm(name));
        let algorithms: Vec<_> =
            algorithms.filter_map(|read| read.map_err(|error| told.push(error)).ok()).collect();
        match kind {
            Some(kind) if told.is_empty() => Ok(Self { kind, algorithms, written }),
            _ => Err(told.join("; ")),
        }
    }
}

fn broken(written: &Written) -> Vec<&'static str> {
    let of_place = of_place(written).into_iter();
    let all =
        of_place.chain(of_tenants(written)).chain(of_clients(written)).chain(of_rows(written));
    all.filter(|(holds, _)| !holds).map(|(_, told)| told).collect()
}

type Checked = (bool, &'static str);

fn of_place(written: &Written) -> [Checked; 7] {
    let name = &written.name;
    let is_name = (1..=32).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let is_cognito = written.kind == "cognito";
    let are_audiences = written.audiences.iter().all(|aud| !aud.is_empty());
    let is_client = |aud: &String| written.clients.iter().any(|client| client.id == *aud);
    [
        (is_name, "expected `name` of 1 to 32 of `a-z`, `0-9`, `-`, a letter first"),
        (is_https(&written.issuer), "expected `issuer` to be an https URL"),
        (
            written.jwks_uri.as_deref().is_none_or(is_https),
            "expected `jwks_uri` to be an https URL",
        ),
        (!written.algorithms.is_empty(), "expected at least one of `algorithms`"),
        (
            (60..=86_400).contains(&written.token_life_max_s),
            "expected `token_life_max_s` of 60 to 86400",
        ),
        (
            are_audiences && (is_cognito || !written.audiences.is_empty()),
            "expected `audiences`; only Cognito may name none",
        ),
        (
            !written.audiences.iter().any(is_client),
            "expected no client's id among `audiences`: that is the audience of ID tokens",
        ),
    ]
}

fn of_tenants(written: &Written) -> [Checked; 4] {
    let values = written.tenants.iter().map(|row| row.value.as_str());
    let by_client =
        !written.clients.is_empty() && written.clients.iter().all(|c| c.tenant.is_some());
    let is_told = written.tenant.is_some() || written.tenant_claim.is_some() || by_client;
    [
        (is_told, "expected `tenant`, `tenant_claim`, or a `tenant` for each of `clients`"),
        (
            written.tenant_claim.is_some() != written.tenants.is_empty(),
            "expected `tenant_claim` and its `tenants`, or neither",
        ),
        (written.tenant_claim.as_deref().is_none_or(is_claim), "expected `tenant_claim`"),
        (are_different(values), "expected `tenants` with a `value` of its own each"),
    ]
}

fn of_clients(written: &Written) -> [Checked; 5] {
    let clients = &written.clients;
    let may_ask = |scope: &String| {
        SCOPES.contains(&scope.as_str()) && scope != "manage:keys" && !scope.starts_with("admin:")
    };
    let by_claim = written.roles_claim.is_some();
    [
        (!clients.is_empty(), "expected `clients`: tokens of others are refused"),
        (
            are_different(clients.iter().map(|client| client.id.as_str())),
            "expected `clients` with an `id` of its own each",
        ),
        (
            clients.iter().flat_map(|client| &client.roles).all(|role| is_of_applications(*role)),
            "expected `roles` of `clients` that applications have",
        ),
        (
            by_claim || clients.iter().all(|client| !client.roles.is_empty()),
            "expected `roles` of each of `clients`, or a `roles_claim` that gives them",
        ),
        (
            clients.iter().all(|c| !c.scopes.is_empty() && c.scopes.iter().all(may_ask)),
            "expected `scopes` of each of `clients` that are ours, without `manage:keys`, whose \
             keys would outlive the issuer's word, and `admin:`",
        ),
    ]
}

fn of_rows(written: &Written) -> [Checked; 6] {
    let known = |role: &Role| is_of_people(*role) || is_of_applications(*role);
    let rows = written.roles.iter();
    let mut acrs = written.two_factors_acr.iter().chain(&written.phishing_resistant_acr);
    let claims = [&written.acr_claim, &written.amr_claim];
    let mut claims = claims.into_iter().chain(&written.roles_claim).chain(&written.scope_claim);
    [
        (
            written.roles_claim.is_some() != written.roles.is_empty(),
            "expected `roles_claim` and its `roles`, or neither",
        ),
        (
            rows.clone().all(|row| !row.value.is_empty() && !row.roles.is_empty())
                && rows.flat_map(|row| &row.roles).all(known),
            "expected `roles` with a `value` and `roles` each",
        ),
        (
            written.scopes.iter().all(|row| SCOPES.contains(&row.is.as_str()))
                && are_different(written.scopes.iter().map(|row| row.scope.as_str())),
            "expected `scopes` with a `scope` of its own each, and `is` a scope of ours",
        ),
        (claims.all(|claim| is_claim(claim)), "expected names of claims"),
        (
            acrs.all(|acr| !is_never(acr) && !acr.is_empty()),
            "expected no `…:ifpossible` among accepted values of acr: one factor satisfies it",
        ),
        (
            written.denied_subjects.iter().all(|subject| !subject.is_empty()),
            "expected no empty `denied_subjects`",
        ),
    ]
}

/// A member's name, or a JSON Pointer.
fn is_claim(claim: &str) -> bool {
    (1..=255).contains(&claim.len()) && claim != "/"
}

fn are_different<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let texts: Vec<&str> = texts.collect();
    let all: BTreeSet<&str> = texts.iter().copied().collect();
    all.len() == texts.len() && !all.contains("")
}

fn kind(name: &str) -> Option<OutsideKind> {
    Some(match name {
        "rfc9068" => OutsideKind::Rfc9068,
        "cognito" => OutsideKind::Cognito,
        "auth0" => OutsideKind::Auth0,
        "okta" => OutsideKind::Okta,
        _ => return None,
    })
}

/// Two of one name or of one issuer would be taken for each other, and one of ours for us.
pub(super) fn are_told_apart(config: &Config) -> bool {
    let all = &config.identity.trusted_issuers;
    let ours = [&config.identity.issuer, &config.server.public_url];
    let mut ours = ours.into_iter().flatten();
    are_different(all.iter().map(|each| each.written.name.as_str()))
        && are_different(all.iter().map(|each| each.written.issuer.as_str()))
        && ours.all(|own| all.iter().all(|each| each.written.issuer != own.as_str()))
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

const fn an_hour() -> i64 {
    3600
}

fn acr() -> String {
    "acr".to_owned()
}

fn amr() -> String {
    "amr".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "name = 'okta'\nkind = 'okta'\n\
        issuer = 'https://acme.okta.com/oauth2/default'\naudiences = ['https://api.example']\n\
        tenant = 'ten_01kas8w25wfq0a9b9rdv8y7k5m'\nroles_claim = 'groups'\n\
        roles = [{ value = 'Recruiters', roles = ['recruiter'] }]\n\
        clients = [{ id = '0oa1', roles = ['partner'], scopes = ['read:jobs'] }]\n";

    fn read(text: &str) -> Result<TrustedIssuer, String> {
        toml::from_str::<TrustedIssuer>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_that_would_be_believed_too_much_is_told() {
        for (from, to, part) in [
            ("name = 'okta'", "name = 'Okta:'", "`name`"),
            ("kind = 'okta'", "kind = 'google'", "`kind`"),
            ("'https://acme", "'http://acme", "https"),
            ("kind", "jwks_uri = 'http://keys.example'\nkind", "`jwks_uri`"),
            ("kind", "jwks_uri = 'file:///etc/passwd'\nkind", "`jwks_uri`"),
            ("kind", "algorithms = ['HS256']\nkind", "ES256"),
            ("kind", "algorithms = ['none']\nkind", "ES256"),
            ("kind", "algorithms = []\nkind", "`algorithms`"),
            ("kind", "token_life_max_s = 0\nkind", "token_life_max_s"),
            ("kind", "token_life_max_s = 86401\nkind", "token_life_max_s"),
            ("kind", "wibble = 1\nkind", "wibble"),
            ("kind", "two_factors_acr = ['urn:okta:loa:2fa:any:ifpossible']\nkind", "ifpossible"),
            ("kind", "tenant_claim = 'org'\nkind", "`tenants`"),
            ("kind", "scopes = [{ scope = 'a', is = 'b' }]\nkind", "`scopes`"),
            ("kind", "acr_claim = ''\nkind", "claims"),
            ("['https://api.example']", "[]", "`audiences`"),
            ("['https://api.example']", "['0oa1']", "ID tokens"),
            ("tenant = 'ten_01kas8w25wfq0a9b9rdv8y7k5m'", "", "`tenant`"),
            ("'ten_01kas8w25wfq0a9b9rdv8y7k5m'", "'acme'", "ten_"),
            ("roles_claim = 'groups'", "", "`roles_claim`"),
            ("['recruiter']", "[]", "`roles`"),
            ("['partner']", "['recruiter']", "`roles`"),
            ("['read:jobs']", "[]", "`scopes`"),
            ("['read:jobs']", "['manage:keys']", "`scopes`"),
            ("['read:jobs']", "['admin:users']", "`scopes`"),
            ("['read:jobs']", "['read:everything']", "`scopes`"),
            ("[{ id = '0oa1', roles = ['partner'], scopes = ['read:jobs'] }]", "[]", "`clients`"),
        ] {
            let error = read(&FINE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = FINE.replace("https://acme", "http://acme").replace("'read:jobs'", "'x'");

        let error = read(&wrong).unwrap_err();

        assert!(error.contains("https") && error.contains("`scopes`"), "{error}");
    }

    #[test]
    fn only_cognito_may_name_no_audience() {
        let without = FINE.replace("['https://api.example']", "[]");

        assert!(read(&without.replace("kind = 'okta'", "kind = 'cognito'")).is_ok());
        assert!(read(&without.replace("kind = 'okta'", "kind = 'auth0'")).is_err());
    }

    #[test]
    fn nobody_is_believed_for_two_factors_by_default() {
        let read = read(FINE).unwrap();

        assert!(!read.written.enforces_mfa && read.written.two_factors_acr.is_empty());
        assert_eq!((read.algorithms, read.kind), (vec![Algorithm::Rs256], OutsideKind::Okta));
    }
}
