//! The policies' texts, parsed and validated. What is doubtful here refuses to start.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use aws_lc_rs::digest;
use cedar_policy::{Effect, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use data_encoding::HEXLOWER;

use crate::Reason;

/// The policies do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The schema does not parse, or parses with a warning.
    #[error("the policy schema is not valid")]
    Schema(#[source] Box<dyn Error + Send + Sync>),
    /// A file of policies does not parse.
    #[error("`{file}` is not valid Cedar")]
    Text {
        /// The file.
        file: String,
        /// What Cedar says.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// A policy has no `@id`, or another one has the same.
    #[error("`{file}` has a policy without an `@id` of its own: `{id}`")]
    Id {
        /// The file.
        file: String,
        /// The id, or Cedar's number for the policy.
        id: String,
    },
    /// A forbid has no known `@reason`.
    #[error("forbid `{0}` has no known `@reason`")]
    Unreasoned(String),
    /// An action is in the group of an unknown scope, or in two scopes' groups.
    #[error("an action is in the group of scope `{0}`, which is unknown or its second")]
    Scope(String),
    /// The policies do not fit the schema, or the validator doubts them.
    #[error("the policies do not fit the schema: {0}")]
    Invalid(String),
    /// A name that the engine needs is not Cedar.
    #[error("a name is not valid Cedar")]
    Name(#[source] Box<dyn Error + Send + Sync>),
}

impl PolicyError {
    pub(crate) fn names(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Name(cause.into())
    }
}

/// Validated policies.
pub(crate) struct Rulebook {
    pub(crate) schema: Schema,
    pub(crate) policies: PolicySet,
    /// Every policy's id, and the reason of those that forbid.
    pub(crate) entries: BTreeMap<PolicyId, (Arc<str>, Option<Reason>)>,
    /// SHA-256 of the texts.
    pub(crate) version: String,
}

/// A file's name and its text.
pub(crate) type Text<'a> = (&'a str, &'a str);

pub(crate) const SCHEMA: Text<'static> =
    ("ringwall.cedarschema", include_str!("../../../policies/ringwall.cedarschema"));

pub(crate) const POLICIES: &[Text<'static>] = &[
    ("walls.cedar", include_str!("../../../policies/walls.cedar")),
    ("public.cedar", include_str!("../../../policies/public.cedar")),
    ("staff.cedar", include_str!("../../../policies/staff.cedar")),
    ("partners.cedar", include_str!("../../../policies/partners.cedar")),
];

impl Rulebook {
    pub(crate) fn read(schema: Text<'_>, texts: &[Text<'_>]) -> Result<Self, PolicyError> {
        let version = version(schema, texts);
        let schema = parse_schema(schema.1)?;
        let mut policies = PolicySet::new();
        let mut entries = BTreeMap::new();
        for (file, text) in texts {
            let parsed: PolicySet = text.parse().map_err(|cause| PolicyError::Text {
                file: (*file).to_owned(),
                cause: Box::new(cause),
            })?;
            for policy in parsed.policies() {
                let id = policy.annotation("id").filter(|id| !id.is_empty());
                let refused = || PolicyError::Id {
                    file: (*file).to_owned(),
                    id: id.map_or_else(|| policy.id().to_string(), str::to_owned),
                };
                let id = id.ok_or_else(refused)?;
                let policy_id = PolicyId::new(id);
                policies.add(policy.new_id(policy_id.clone())).map_err(|_| refused())?;
                entries.insert(policy_id, (Arc::from(id), reason(id, policy)?));
            }
        }
        validate(&schema, &policies)?;
        Ok(Self { schema, policies, entries, version })
    }
}

fn parse_schema(text: &str) -> Result<Schema, PolicyError> {
    let (schema, mut warnings) =
        Schema::from_cedarschema_str(text).map_err(|cause| PolicyError::Schema(Box::new(cause)))?;
    match warnings.next() {
        Some(warning) => Err(PolicyError::Schema(warning.to_string().into())),
        None => Ok(schema),
    }
}

fn reason(id: &str, policy: &cedar_policy::Policy) -> Result<Option<Reason>, PolicyError> {
    if policy.effect() == Effect::Permit {
        return Ok(None);
    }
    let reason = policy.annotation("reason").and_then(Reason::of_wall);
    reason.map(Some).ok_or_else(|| PolicyError::Unreasoned(id.to_owned()))
}

fn validate(schema: &Schema, policies: &PolicySet) -> Result<(), PolicyError> {
    let found = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    if found.validation_passed_without_warnings() {
        return Ok(());
    }
    let errors = found.validation_errors().map(ToString::to_string);
    let warnings = found.validation_warnings().map(ToString::to_string);
    Err(PolicyError::Invalid(errors.chain(warnings).collect::<Vec<_>>().join("; ")))
}

fn version(schema: Text<'_>, texts: &[Text<'_>]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for (file, text) in std::iter::once(&schema).chain(texts) {
        // Lengths keep two lists of files from reading the same.
        for part in [file, text] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    HEXLOWER.encode(hash.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = r#"@id("a") permit (principal, action in Action::"public", resource);"#;

    fn read(text: &str) -> Result<Rulebook, PolicyError> {
        Rulebook::read(SCHEMA, &[("test.cedar", text)])
    }

    fn refusal(text: &str) -> PolicyError {
        read(text).err().expect("these policies must be refused")
    }

    #[test]
    fn a_text_that_is_not_cedar_is_refused() {
        assert!(matches!(refusal("permit everything;"), PolicyError::Text { .. }));
    }

    #[test]
    fn a_policy_without_an_id_of_its_own_is_refused() {
        assert!(matches!(refusal("permit (principal, action, resource);"), PolicyError::Id { .. }));
        assert!(matches!(refusal(&format!("{FINE}\n{FINE}")), PolicyError::Id { .. }));
    }

    #[test]
    fn a_wall_without_a_known_reason_is_refused() {
        for annotation in ["", r#"@reason("because")"#, r#"@reason("fault")"#] {
            let text = format!(r#"@id("a") {annotation} forbid (principal, action, resource);"#);

            assert!(matches!(refusal(&text), PolicyError::Unreasoned(_)), "{annotation}");
        }
    }

    #[test]
    fn a_misspelt_role_scope_action_or_fact_is_refused() {
        for text in [
            r#"@id("a") permit (principal in Role::"recruter", action, resource);"#,
            r#"@id("a") permit (principal, action in Action::"scope:read:job", resource);"#,
            r#"@id("a") permit (principal, action, resource)
               when { context.scopes.contains(Scope::"read:job") };"#,
            r#"@id("a") permit (principal, action, resource) when { context.mfaa };"#,
            r#"@id("a") permit (principal, action, resource in Class::"jobs");"#,
        ] {
            assert!(matches!(refusal(text), PolicyError::Invalid(_)), "{text}");
        }
    }

    #[test]
    fn what_the_validator_merely_doubts_is_refused() {
        // Nobody anonymous has a role: the policy can never apply.
        let text =
            r#"@id("a") permit (principal is Anonymous in Role::"partner", action, resource);"#;

        assert!(matches!(refusal(text), PolicyError::Invalid(_)));
    }

    #[test]
    fn an_unreadable_schema_is_refused() {
        let found = Rulebook::read(("x", "entity Staff in [Nowhere];"), &[]);

        assert!(matches!(found, Err(PolicyError::Schema(_))));
    }

    #[test]
    fn the_version_changes_with_every_byte() {
        let first = read(FINE).unwrap().version;

        assert_eq!(read(FINE).unwrap().version, first);
        assert_ne!(read(&format!("{FINE} ")).unwrap().version, first);
        assert_eq!(first.len(), 64);
    }
}
