//! Why the policies said no, and what the caller is told of it.

use std::fmt;
use std::sync::Arc;

use kernel::problem::NOT_FOUND;
use kernel::{Code, Problem};

/// A decision that is not a permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused for `{reason}` by policies [{}]", policies.join(", "))]
pub struct Refusal {
    /// The first reason, in the order of [`Reason`].
    pub reason: Reason,
    /// The ids of the policies that forbade it, sorted; empty when merely nothing permitted it.
    pub policies: Arc<[Arc<str>]>,
}

/// Why. Where several reasons apply the first one of this list is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The decision could not be made.
    Fault,
    /// Nobody may do this without saying who they are.
    Anonymous,
    /// It belongs to another tenant.
    Tenant,
    /// Developers work in the sandbox only.
    Environment,
    /// Analysts and the mirror belong together, and the mirror is read only.
    Mirror,
    /// Only people may do this, never an application.
    PeopleOnly,
    /// The person signed in with one factor only.
    Mfa,
    /// The person signed in with factors that can be phished.
    PhishingResistant,
    /// The person must prove again who they are.
    StepUp,
    /// The token lacks this scope.
    Scope(&'static str),
    /// The caller's roles do not allow it.
    Role,
}

impl Reason {
    /// The stable name, as audit events and `@reason` annotations write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Anonymous => "anonymous",
            Self::Tenant => "tenant",
            Self::Environment => "environment",
            Self::Mirror => "mirror",
            Self::PeopleOnly => "people_only",
            Self::Mfa => "mfa",
            Self::PhishingResistant => "phishing_resistant",
            Self::StepUp => "step_up",
            Self::Scope(_) => "scope",
            Self::Role => "role",
        }
    }

    /// The reasons that a wall can give.
    pub(crate) fn of_wall(name: &str) -> Option<Self> {
        [
            Self::Tenant,
            Self::Environment,
            Self::Mirror,
            Self::PeopleOnly,
            Self::Mfa,
            Self::PhishingResistant,
            Self::StepUp,
            Self::Role,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }

    const fn detail(self) -> Option<&'static str> {
        match self {
            Self::Fault | Self::Anonymous | Self::Tenant | Self::Scope(_) => None,
            Self::Environment => Some("developers work in the sandbox only"),
            Self::Mirror => Some("analysts read reports through the reporting mirror only"),
            Self::PeopleOnly => Some("only a person may do this, not an application"),
            Self::Mfa => Some("sign in with a second factor first"),
            Self::PhishingResistant => Some("sign in with a factor that cannot be phished first"),
            Self::StepUp => Some("prove again who you are first, at `/staff/step-up`"),
            Self::Role => Some("your roles do not allow this"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(f, "scope {scope}"),
            reason => f.write_str(reason.name()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = match refusal.reason {
            // RFC 6750 §3.1: no error code where no credentials were sent.
            Reason::Anonymous => {
                Self::new(&AUTH_REQUIRED).header("WWW-Authenticate", r#"Bearer realm="ringwall""#)
            }
            Reason::Scope(scope) => Self::new(&AUTH_SCOPE_MISSING)
                .detail(format!("the token lacks the scope `{scope}`"))
                .member("required_scopes", vec![scope.to_owned()])
                .header("WWW-Authenticate", insufficient_scope(scope)),
            // RFC 9470 §3: which sign-in would do.
            Reason::StepUp => Self::new(&AUTH_STEP_UP).header("WWW-Authenticate", STEP_UP),
            Reason::PhishingResistant => {
                Self::new(&AUTH_STEP_UP).header("WWW-Authenticate", PHISHING_RESISTANT)
            }
            // Not yours looks like none.
            Reason::Tenant => Self::new(&NOT_FOUND),
            _ => Self::new(&AUTH_FORBIDDEN),
        };
        let problem = match refusal.reason.detail() {
            Some(detail) => problem.detail(detail),
            None => problem,
        };
        problem.because(refusal)
    }
}

fn insufficient_scope(scope: &str) -> String {
    format!(r#"Bearer realm="ringwall", error="insufficient_scope", scope="{scope}""#)
}

/// What `wall-step-up` asks for.
const STEP_UP: &str =
    r#"Bearer realm="ringwall", error="insufficient_user_authentication", max_age="900""#;
/// What `wall-phishing` asks for.
const PHISHING_RESISTANT: &str = concat!(
    r#"Bearer realm="ringwall", error="insufficient_user_authentication", "#,
    r#"acr_values="phr", max_age="900""#
);

/// The caller did not say who they are.
pub const AUTH_REQUIRED: Code = Code {
    status: 401,
    name: "auth.required",
    title: "This needs an access token",
    mend: "Ask the token endpoint for an access token and send it as `Authorization: Bearer`.",
};

/// The token does not reach this far.
pub const AUTH_SCOPE_MISSING: Code = Code {
    status: 403,
    name: "auth.scope_missing",
    title: "The access token lacks a scope",
    mend: "Request a token with the scopes that `required_scopes` names.",
};

/// The caller may not do this.
pub const AUTH_FORBIDDEN: Code = Code {
    status: 403,
    name: "auth.forbidden",
    title: "You may not do this",
    mend: "Ask an administrator of your agency for the role that may, or sign in as `detail` says.",
};

/// The person must sign in again.
pub const AUTH_STEP_UP: Code = Code {
    status: 401,
    name: "auth.step_up_required",
    title: "This needs a fresh sign-in",
    mend: "Sign in again as `WWW-Authenticate` says (RFC 9470) and repeat the request.",
};

/// The problems that refusals become.
pub const CODES: &[&Code] = &[&AUTH_REQUIRED, &AUTH_SCOPE_MISSING, &AUTH_FORBIDDEN, &AUTH_STEP_UP];

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(reason: Reason) -> Problem {
        Refusal { reason, policies: Arc::from([Arc::from("wall-x")]) }.into()
    }

    #[test]
    fn another_tenants_things_look_like_none() {
        let problem = problem(Reason::Tenant);

        assert_eq!(*problem.code, NOT_FOUND);
        assert_eq!(problem.detail, None);
        assert!(problem.headers.is_empty() && problem.members.is_empty());
    }

    #[test]
    fn a_stranger_is_asked_for_a_token() {
        let problem = problem(Reason::Anonymous);

        assert_eq!(*problem.code, AUTH_REQUIRED);
        assert_eq!(problem.headers, [("WWW-Authenticate", "Bearer realm=\"ringwall\"".to_owned())]);
    }

    #[test]
    fn a_missing_scope_is_named() {
        let problem = problem(Reason::Scope("read:jobs"));

        assert_eq!(*problem.code, AUTH_SCOPE_MISSING);
        assert_eq!(problem.members, [("required_scopes", vec!["read:jobs".to_owned()])]);
        let (_, challenge) = &problem.headers[0];
        assert!(challenge.contains(r#"error="insufficient_scope", scope="read:jobs""#));
    }

    #[test]
    fn a_stale_sign_in_is_told_which_one_would_do() {
        let problem = problem(Reason::StepUp);

        assert_eq!((problem.code.status, problem.code.name), (401, "auth.step_up_required"));
        let (name, challenge) = &problem.headers[0];
        assert_eq!(*name, "WWW-Authenticate");
        for part in [r#"error="insufficient_user_authentication""#, r#"max_age="900""#] {
            assert!(challenge.contains(part), "{challenge}");
        }
    }

    #[test]
    fn everything_else_is_forbidden_and_only_the_log_learns_the_policies() {
        for reason in [Reason::Fault, Reason::Environment, Reason::Mfa, Reason::Role] {
            let problem = problem(reason);

            assert_eq!(*problem.code, AUTH_FORBIDDEN);
            assert!(!problem.detail.unwrap_or_default().contains("wall-x"));
            assert!(problem.cause.unwrap().to_string().contains("wall-x"));
        }
    }
}
