//! Skills and languages, as jobs ask for them and candidates have them.

use kernel::{LanguageTag, Line};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::bounded::{Item, Whole};
use crate::named;

/// Names a skill: `esco:` and an ESCO identifier, or `local:` and an agency's own slug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SkillId(String);

/// The text names no skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `esco:` or `local:` and 1 to 64 characters")]
pub struct SkillIdError;

/// A skill's name as shown.
pub type SkillLabel = Line<1, 120>;
/// From 1, a beginner, to 5, an expert.
pub type SkillLevel = Whole<1, 5>;
/// Years of practice.
pub type SkillYears = Whole<0, 60>;
/// The calendar year in which a skill was last used.
pub type SkillYear = Whole<1950, 2200>;

/// A skill that a job asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSkill {
    /// Which skill.
    pub skill_id: SkillId,
    /// Its name as shown.
    #[schema(value_type = named::SkillLabel)]
    pub label: SkillLabel,
    /// The level asked for, 1 to 5.
    #[schema(inline)]
    pub level: Option<SkillLevel>,
    /// How much it matters.
    pub importance: Importance,
    /// Years of practice asked for.
    #[schema(inline)]
    pub min_years: Option<SkillYears>,
}

/// How much a skill matters to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Without it a candidate is not eligible.
    Must,
    /// Wanted.
    Should,
    /// Welcome.
    Nice,
}

/// A language that a job asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobLanguage {
    /// Which language (BCP 47).
    pub tag: LanguageTag,
    /// The least level.
    pub min_cefr: Cefr,
    /// Whether a candidate without it is not eligible.
    #[serde(default)]
    pub must: bool,
}

/// A level of the Common European Framework of Reference, or a native speaker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Cefr {
    /// Beginner.
    A1,
    /// Elementary.
    A2,
    /// Intermediate.
    B1,
    /// Upper intermediate.
    B2,
    /// Advanced.
    C1,
    /// Proficient.
    C2,
    /// Native.
    #[serde(rename = "native")]
    Native,
}

/// A skill that a candidate has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateSkill {
    /// Which skill.
    pub skill_id: SkillId,
    /// Its name as shown.
    #[schema(value_type = named::SkillLabel)]
    pub label: SkillLabel,
    /// The level, 1 to 5.
    #[schema(inline)]
    pub level: Option<SkillLevel>,
    /// Years of practice.
    #[schema(inline)]
    pub years: Option<SkillYears>,
    /// The calendar year in which it was last used.
    #[schema(inline)]
    pub last_used_year: Option<SkillYear>,
    /// Who says so.
    pub source: SkillSource,
}

/// Who says that a candidate has a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkillSource {
    /// The candidate.
    #[serde(rename = "self")]
    Own,
    /// Their curriculum vitae.
    Cv,
    /// A recruiter.
    Recruiter,
    /// An assessment.
    Assessment,
}

/// A language that a candidate speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateLanguage {
    /// Which language (BCP 47).
    pub tag: LanguageTag,
    /// How well.
    pub cefr: Cefr,
}

impl SkillId {
    /// Parses a skill's id.
    ///
    /// # Errors
    /// When it does not match the published pattern.
    pub fn parse(text: &str) -> Result<Self, SkillIdError> {
        let (list, name) = text.split_once(':').ok_or(SkillIdError)?;
        let fits = (1..=64).contains(&name.len())
            && match list {
                "esco" => name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "local" => name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".+#-".contains(&b)),
                _ => false,
            };
        if fits { Ok(Self(text.to_owned())) } else { Err(SkillIdError) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SkillId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for SkillId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(SKILL_ID_PATTERN)).into()
    }
}
impl ToSchema for SkillId {}

impl Item for JobSkill {}
impl Item for JobLanguage {}
impl Item for CandidateSkill {}
impl Item for CandidateLanguage {}

const SKILL_ID_PATTERN: &str = "^(esco:[0-9A-Za-z-]{1,64}|local:[a-z0-9.+#-]{1,64})$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skill_of_no_known_list_is_refused() {
        for text in ["", "rust", "local:", "esco:a.b", "local:Rust", "other:x", "local:c plus"] {
            assert!(SkillId::parse(text).is_err(), "{text}");
        }
        assert!(SkillId::parse(&format!("local:{}", "a".repeat(65))).is_err());
        assert!(SkillId::parse("local:c++").is_ok());
    }
}
