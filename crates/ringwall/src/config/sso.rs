//! The section about identity providers: `[sso]`, with `[[sso.providers]]`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kernel::Slug;
use oauth::jwk::Algorithm;
use oauth::provider::is_https;
use policy::{Environment, Role};
use serde::Deserialize;
use signin::federated::is_never;

use super::names::Network;
use super::secret::SecretRef;
use super::words::{Word, list, optional};

/// Who vouches for people.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sso {
    /// Certificates of the authorities that issuers are believed by; the system's where none.
    #[serde(deserialize_with = "optional")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The identity providers.
    pub(crate) providers: Vec<SsoProvider>,
    /// Whether anybody may come past them.
    pub(crate) break_glass: bool,
    /// From where.
    #[serde(deserialize_with = "list")]
    pub(crate) break_glass_from: Vec<Network>,
}

/// An identity provider that vouches for people.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct SsoProvider {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) proof: Proof,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) scope: String,
    pub(crate) acr_values: String,
    pub(crate) two_factors_acr: Vec<String>,
    pub(crate) phishing_resistant_acr: Vec<String>,
    pub(crate) enforces_mfa: bool,
    pub(crate) max_age_s: i64,
    pub(crate) groups_claim: String,
    pub(crate) groups: Vec<Group>,
}

/// How we prove ourselves to a provider; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Secret(SecretRef),
    Key(SecretRef),
}

/// What the members of a group are at an agency.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) group: String,
    pub(crate) agency: String,
    pub(crate) roles: Vec<Role>,
    /// Where it counts; in all where none is named.
    #[serde(default)]
    pub(crate) environments: Vec<Environment>,
}

/// A provider as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    label: Option<String>,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_key: Option<String>,
    #[serde(default = "rs256")]
    algorithms: Vec<String>,
    #[serde(default = "scope")]
    scope: String,
    #[serde(default = "acr_values")]
    acr_values: String,
    #[serde(default = "two_factors")]
    two_factors_acr: Vec<String>,
    #[serde(default = "phishing_resistant")]
    phishing_resistant_acr: Vec<String>,
    #[serde(default)]
    enforces_mfa: bool,
    #[serde(default = "max_age")]
    max_age_s: i64,
    #[serde(default = "groups_claim")]
    groups_claim: String,
    groups: Vec<Group>,
}

impl TryFrom<Written> for SsoProvider {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        check(&written)?;
        let algorithms = written.algorithms.iter().map(|name| algorithm(name));
        Ok(Self {
            proof: proof(written.client_secret.as_deref(), written.client_key.as_deref())?,
            algorithms: algorithms.collect::<Result<_, _>>()?,
            label: written.label.unwrap_or_else(|| written.name.clone()),
            name: written.name,
            issuer: written.issuer,
            client_id: written.client_id,
            scope: written.scope,
            acr_values: written.acr_values,
            two_factors_acr: written.two_factors_acr,
            phishing_resistant_acr: written.phishing_resistant_acr,
            enforces_mfa: written.enforces_mfa,
            max_age_s: written.max_age_s,
            groups_claim: written.groups_claim,
            groups: written.groups,
        })
    }
}

fn check(written: &Written) -> Result<(), String> {
    let name = &written.name;
    let is_name = (1..=32).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let roles = |group: &Group| !group.roles.is_empty() && group.roles.iter().all(is_of_people);
    let acrs = written.two_factors_acr.iter().chain(&written.phishing_resistant_acr);
    let rules = [
        (is_name, "expected `name` of 1 to 32 of `a-z`, `0-9`, `-`, a letter first"),
        (is_https(&written.issuer), "expected `issuer` to be an https URL"),
        (!written.client_id.is_empty(), "expected `client_id`"),
        (!written.algorithms.is_empty(), "expected at least one of `algorithms`"),
        (scope_is_openid(&written.scope), "expected `scope` with `openid`"),
        ((60..=86_400).contains(&written.max_age_s), "expected `max_age_s` of 60 to 86400"),
        (!written.groups.is_empty(), "expected `groups`: without any nobody gets in"),
        (written.groups.iter().all(|group| !group.group.is_empty()), "expected names of groups"),
        (
            written.groups.iter().all(|group| Slug::parse(&group.agency).is_ok()),
            "expected `agency` of each group to be an agency's short name",
        ),
        (written.groups.iter().all(roles), "expected `roles` that people have"),
        (
            acrs.into_iter().all(|acr| !is_never(acr) && !acr.is_empty()),
            "expected no `…:ifpossible` among accepted values of acr: one factor satisfies it",
        ),
    ];
    rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, told)| Err((*told).to_owned()))
}

fn proof(secret: Option<&str>, key: Option<&str>) -> Result<Proof, String> {
    let told =
        || format!("expected either `client_secret` or `client_key`, each {}", SecretRef::EXPECTED);
    match (secret, key) {
        (Some(secret), None) => SecretRef::parse(secret).map(Proof::Secret).ok_or_else(told),
        (None, Some(key)) => SecretRef::parse(key).map(Proof::Key).ok_or_else(told),
        _ => Err(told()),
    }
}

pub(super) fn algorithm(name: &str) -> Result<Algorithm, String> {
    let all =
        [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];
    let found = all.into_iter().find(|each| each.name() == name);
    found.ok_or_else(|| "expected algorithms among ES256, ES384, EdDSA, PS256, RS256".to_owned())
}

/// Two providers of one name, whose addresses would be one.
pub(super) fn has_names_of_their_own(providers: &[SsoProvider]) -> bool {
    let names: BTreeSet<&str> = providers.iter().map(|each| each.name.as_str()).collect();
    names.len() == providers.len()
}

fn is_of_people(role: &Role) -> bool {
    !matches!(role, Role::Partner | Role::IntegrationService)
}

fn scope_is_openid(scope: &str) -> bool {
    scope.split(' ').any(|each| each == "openid")
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

fn scope() -> String {
    "openid profile email groups".to_owned()
}

fn acr_values() -> String {
    "phr urn:okta:loa:2fa:any".to_owned()
}

fn two_factors() -> Vec<String> {
    vec!["urn:okta:loa:2fa:any".to_owned()]
}

fn phishing_resistant() -> Vec<String> {
    vec!["phr".to_owned(), "phrh".to_owned()]
}

const fn max_age() -> i64 {
    43_200
}

fn groups_claim() -> String {
    "groups".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "name = 'okta'\nissuer = 'https://acme.okta.com'\nclient_id = 'c'\n\
                        client_secret = 'env:S'\n\
                        groups = [{ group = 'g', agency = 'acme', roles = ['recruiter'] }]\n";

    fn read(text: &str) -> Result<SsoProvider, String> {
        toml::from_str::<SsoProvider>(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_that_would_let_in_too_many_is_told() {
        for (from, to, part) in [
            ("name = 'okta'", "name = 'Okta'", "`name`"),
            ("https://acme", "http://acme", "https"),
            ("client_secret = 'env:S'", "client_secret = 'hunter2'", "reference"),
            ("client_secret = 'env:S'", "", "either"),
            ("'env:S'", "'env:S'\nclient_key = 'env:K'", "either"),
            ("'env:S'", "'env:S'\nalgorithms = ['HS256']", "ES256"),
            ("'env:S'", "'env:S'\nalgorithms = ['none']", "ES256"),
            ("'env:S'", "'env:S'\nalgorithms = []", "`algorithms`"),
            ("'env:S'", "'env:S'\nscope = 'email'", "openid"),
            ("'env:S'", "'env:S'\nmax_age_s = 0", "max_age_s"),
            ("'env:S'", "'env:S'\nwibble = 1", "wibble"),
            (
                "'env:S'",
                "'env:S'\ntwo_factors_acr = ['urn:okta:loa:2fa:any:ifpossible']",
                "ifpossible",
            ),
            ("'recruiter'", "'partner'", "`roles`"),
            ("['recruiter']", "[]", "`roles`"),
            ("'acme', r", "'Acme Inc', r", "`agency`"),
            ("[{ group = 'g', agency = 'acme', roles = ['recruiter'] }]", "[]", "`groups`"),
        ] {
            let error = read(&FINE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
            assert!(!error.contains("hunter2 is"), "{error}");
        }
    }

    #[test]
    fn the_defaults_ask_for_two_factors_that_cannot_be_phished() {
        let provider = read(FINE).unwrap();

        assert_eq!(provider.acr_values, "phr urn:okta:loa:2fa:any");
        assert_eq!(provider.two_factors_acr, ["urn:okta:loa:2fa:any"]);
        assert!(!provider.enforces_mfa);
        assert_eq!(provider.algorithms, [Algorithm::Rs256]);
        assert!(!has_names_of_their_own(&[provider.clone(), provider]));
    }
}
