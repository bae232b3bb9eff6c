//! Roles and environments, as tokens print them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody is at the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Administers the agency's account; does not browse candidates.
    SystemAdmin,
    /// Does the agency's work.
    Recruiter,
    /// Somebody at a client company.
    ClientViewer,
    /// A partner's application, limited by the scopes of its token.
    Partner,
    /// An application that keeps employments in step, and touches nothing else.
    IntegrationService,
    /// Reads reports through the mirror.
    ReadonlyAnalyst,
    /// Develops against the sandbox; never in production.
    DevUser,
}

/// Whether the data is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real people.
    Production,
    /// Made-up people.
    Sandbox,
}

/// The text names nothing of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {0}")]
pub struct UnknownName(&'static str);

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::SystemAdmin,
        Self::Recruiter,
        Self::ClientViewer,
        Self::Partner,
        Self::IntegrationService,
        Self::ReadonlyAnalyst,
        Self::DevUser,
    ];

    /// The printed form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SystemAdmin => "system_admin",
            Self::Recruiter => "recruiter",
            Self::ClientViewer => "client_viewer",
            Self::Partner => "partner",
            Self::IntegrationService => "integration_service",
            Self::ReadonlyAnalyst => "readonly_analyst",
            Self::DevUser => "dev_user",
        }
    }
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 2] = [Self::Production, Self::Sandbox];

    /// The printed form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or(UnknownName(
            "`system_admin`, `recruiter`, `client_viewer`, `partner`, `integration_service`, \
             `readonly_analyst`, `dev_user`",
        ))
    }
}

impl FromStr for Environment {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let environment = Self::ALL.into_iter().find(|each| each.as_str() == text);
        environment.ok_or(UnknownName("`production`, `sandbox`"))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RoleSet(u8);

impl RoleSet {
    pub(crate) fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.0 & (1 << (*role as u8)) != 0)
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |set, role| set | 1 << (role as u8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_another_spelling_are_refused() {
        for text in ["", "Recruiter", "recruiter ", "system-admin", "admin"] {
            assert!(text.parse::<Role>().is_err(), "{text:?}");
            assert!(text.parse::<Environment>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn printing_and_parsing_are_inverse() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        for environment in Environment::ALL {
            assert_eq!(environment.to_string().parse(), Ok(environment));
            assert_eq!(serde_json::to_value(environment).unwrap(), environment.as_str());
        }
    }

    #[test]
    fn a_set_holds_exactly_what_was_put_in() {
        for role in Role::ALL {
            assert_eq!(RoleSet::from_iter([role, role]).iter().collect::<Vec<_>>(), [role]);
        }
        assert_eq!(RoleSet::from_iter(Role::ALL).iter().collect::<Vec<_>>(), Role::ALL);
    }
}
