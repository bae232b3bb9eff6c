//! Who is calling, after somebody proved it.

use kernel::{TenantId, UserId};

use crate::role::{Environment, Role, RoleSet};
use crate::scope::ScopeSet;

/// A proven identity.
#[derive(Clone, Debug)]
pub struct Caller {
    id: String,
    /// The client that acts for a person.
    through: Option<String>,
    credential: Option<String>,
    standing: Standing,
}

/// What sort of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// Nobody in particular.
    Anonymous,
    /// A partner's application.
    Client,
    /// A person who signed in.
    Staff,
    /// The platform itself.
    System,
}

/// What a verified token says about an application.
#[derive(Clone, Debug)]
pub struct ClientFacts {
    /// The OAuth client.
    pub client_id: String,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The environment it was registered for.
    pub environment: Environment,
    /// The roles it was registered with.
    pub roles: Vec<Role>,
    /// What the token was granted; scopes outside [`crate::SCOPES`] grant nothing.
    pub scopes: Vec<String>,
    /// The id of what it proves itself with: token, secret or key. Never the secret itself.
    pub credential: Option<String>,
}

/// What a session says about a person.
#[derive(Clone, Debug)]
pub struct StaffFacts {
    /// The person.
    pub user_id: UserId,
    /// The tenant that the session is for.
    pub tenant: TenantId,
    /// The environment that the session is for.
    pub environment: Environment,
    /// The person's roles there.
    pub roles: Vec<Role>,
    /// Whether two factors were proven.
    pub mfa: bool,
    /// Whether one of them cannot be phished.
    pub phishing_resistant: bool,
    /// How long ago the person proved them.
    pub auth_age_s: u64,
    /// The id of the session. Never the secret that the browser holds.
    pub session: Option<String>,
}

/// Everything about a caller that a policy can ask for. Names of callers are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) kind: CallerKind,
    pub(crate) home: Option<Home>,
    pub(crate) roles: RoleSet,
    pub(crate) scopes: ScopeSet,
    pub(crate) sign_in: SignIn,
    /// The roles of the application that acts for a person, whose scopes are then its token's.
    pub(crate) through: Option<RoleSet>,
}

/// Where a caller belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Home {
    pub(crate) tenant: TenantId,
    pub(crate) environment: Environment,
}

/// How a person signed in; all false for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct SignIn {
    pub(crate) mfa: bool,
    pub(crate) phishing_resistant: bool,
    pub(crate) age_s: u64,
}

impl CallerKind {
    /// The stable name, as records write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Client => "client",
            Self::Staff => "staff",
            Self::System => "system",
        }
    }
}

impl Caller {
    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            id: "anonymous".to_owned(),
            through: None,
            credential: None,
            standing: Standing::of(CallerKind::Anonymous, None),
        }
    }

    /// A partner's application whose token was verified.
    #[must_use]
    pub fn client(facts: ClientFacts) -> Self {
        let home = Home { tenant: facts.tenant, environment: facts.environment };
        Self {
            id: facts.client_id,
            through: None,
            credential: facts.credential,
            standing: Standing {
                roles: facts.roles.into_iter().collect(),
                scopes: facts.scopes.iter().map(String::as_str).collect(),
                ..Standing::of(CallerKind::Client, Some(home))
            },
        }
    }

    /// A person whose session was verified.
    #[must_use]
    pub fn staff(facts: StaffFacts) -> Self {
        let home = Home { tenant: facts.tenant, environment: facts.environment };
        Self {
            id: facts.user_id.to_string(),
            through: None,
            credential: facts.session,
            standing: Standing {
                roles: facts.roles.into_iter().collect(),
                sign_in: SignIn {
                    mfa: facts.mfa,
                    phishing_resistant: facts.phishing_resistant,
                    age_s: facts.auth_age_s,
                },
                ..Standing::of(CallerKind::Staff, Some(home))
            },
        }
    }

    /// A person for whom a partner's application acts, after they agreed: both are judged, and what
    /// one of them may not is refused. `person.session` is not looked at.
    #[must_use]
    pub fn delegate(person: StaffFacts, client: ClientFacts) -> Self {
        let acting = Self::client(client);
        let person = Self::staff(person);
        Self {
            id: person.id,
            through: Some(acting.id),
            credential: acting.credential,
            standing: Standing {
                scopes: acting.standing.scopes,
                through: Some(acting.standing.roles),
                ..person.standing
            },
        }
    }

    pub(crate) fn system(reason: &'static str) -> Self {
        Self {
            id: reason.to_owned(),
            through: None,
            credential: None,
            standing: Standing::of(CallerKind::System, None),
        }
    }

    /// What sort of caller it is.
    #[must_use]
    pub const fn kind(&self) -> CallerKind {
        self.standing.kind
    }

    /// Whether it is nobody in particular.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.kind() == CallerKind::Anonymous
    }

    /// The client id, the user id, `anonymous`, or the system's reason.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client through which a person acts.
    #[must_use]
    pub fn through(&self) -> Option<&str> {
        self.through.as_deref()
    }

    /// The client that a request comes from, for itself or for a person; for others their id.
    #[must_use]
    pub fn client_or_id(&self) -> &str {
        self.through().unwrap_or(&self.id)
    }

    /// The tenant that the caller belongs to.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.standing.home.map(|home| home.tenant)
    }

    /// The environment that the caller belongs to.
    #[must_use]
    pub fn environment(&self) -> Option<Environment> {
        self.standing.home.map(|home| home.environment)
    }

    /// The caller's roles, in order of declaration.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.standing.roles.iter()
    }

    /// Whether the token was granted a scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.standing.scopes.contains(scope)
    }

    /// The id of what a client proves itself with, token, secret or key, or of a person's session.
    #[must_use]
    pub fn credential(&self) -> Option<&str> {
        self.credential.as_deref()
    }

    /// Whether a person proved two factors.
    #[must_use]
    pub const fn is_mfa(&self) -> bool {
        self.standing.sign_in.mfa
    }

    /// Whether what a person last proved cannot be phished.
    #[must_use]
    pub const fn is_phishing_resistant(&self) -> bool {
        self.standing.sign_in.phishing_resistant
    }

    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }
}

impl Standing {
    pub(crate) fn of(kind: CallerKind, home: Option<Home>) -> Self {
        Self {
            kind,
            home,
            roles: RoleSet::default(),
            scopes: ScopeSet::default(),
            sign_in: SignIn::default(),
            through: None,
        }
    }

    /// The person and the application of one who acts for them.
    pub(crate) fn apart(self) -> Option<(Self, Self)> {
        let roles = self.through?;
        let person = Self { scopes: ScopeSet::default(), through: None, ..self };
        let client = Self { roles, scopes: self.scopes, ..Self::of(CallerKind::Client, self.home) };
        Some((person, client))
    }
}
