//! What the tokens of an issuer mean here, by tables that an operator wrote. What no table has
//! means nothing, and whoever means nothing is refused.

use aws_lc_rs::digest::{Context, SHA256};
use kernel::{TenantId, UserId};
use oauth::{OutsideError, OutsideToken, Scopes};
use policy::{Environment, Role};
use signin::federated::{Assurance, Assured};
use uuid::{Builder, Variant, Version};

/// The tables of one issuer.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The tenant of all its tokens.
    pub tenant: Option<TenantId>,
    /// The tenants that its tokens may name.
    pub tenant_claim: Option<TenantClaim>,
    /// The applications that are known. Tokens of others are refused.
    pub applications: Vec<Application>,
    /// The claim that says what somebody is.
    pub roles_claim: Option<String>,
    /// What its values mean.
    pub roles: Vec<RoleRow>,
    /// What its scopes are called here, where they have other names.
    pub scopes: Vec<(String, String)>,
    /// Whom it vouches for in vain, by the subject of the token.
    pub denied: Vec<String>,
    /// What counts as two factors.
    pub assurance: Assurance,
}

/// Tenants that tokens may name.
#[derive(Clone, Debug)]
pub struct TenantClaim {
    /// The claim.
    pub claim: String,
    /// The values that mean something, and what.
    pub tenants: Vec<(String, TenantId)>,
}

/// An application that an issuer knows.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its client id with that issuer.
    pub id: String,
    /// The tenant that it works for, where the issuer works for several.
    pub tenant: Option<TenantId>,
    /// What it is; where there is none, its claims say so.
    pub roles: Vec<Role>,
    /// The most that it may, in our words.
    pub scopes: Vec<String>,
}

/// What a value of the roles' claim means.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// The value, whole.
    pub value: String,
    /// What it makes somebody.
    pub roles: Vec<Role>,
}

/// What a token means.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// Whose data it reaches.
    pub tenant: TenantId,
    /// What its application is.
    pub client_roles: Vec<Role>,
    /// What it was granted.
    pub scopes: Scopes,
    /// For whom the application acts, where it does.
    pub person: Option<Grants>,
}

/// A person for whom an application acts.
#[derive(Clone, Debug)]
pub struct Grants {
    /// Who.
    pub user: UserId,
    /// What they are.
    pub roles: Vec<Role>,
    /// How they proved who they are.
    pub assured: Assured,
}

/// Why a good token means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmapped {
    /// An operator wants no tokens of this subject.
    #[error("tokens of this subject are denied")]
    Denied,
    /// The application is not listed.
    #[error("the application is not known here")]
    Client,
    /// No tenant, one that is not listed, or two that differ.
    #[error("the token belongs to no tenant here")]
    Tenant,
    /// Nothing that makes anybody anything.
    #[error("the token gives no role")]
    Role,
    /// None of its scopes means anything for this application.
    #[error("the token gives no scope")]
    Scope,
    /// The person did not prove two factors, or nobody says so.
    #[error("the person proved one factor")]
    OneFactor,
    /// A developer where people are real.
    #[error("developers have no business in production")]
    Environment,
    /// A claim is not what the tables expect.
    #[error(transparent)]
    Claims(#[from] OutsideError),
}

impl Unmapped {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Denied => "subject_denied",
            Self::Client => "client_unknown",
            Self::Tenant => "tenant_unknown",
            Self::Role => "role_unknown",
            Self::Scope => "scope_unknown",
            Self::OneFactor => "one_factor",
            Self::Environment => "environment",
            Self::Claims(error) => error.code(),
        }
    }
}

impl Mapping {
    /// What a token of the issuer of this name means in an environment.
    ///
    /// # Errors
    /// When it means nothing; see [`Unmapped`].
    pub fn map(
        &self,
        issuer: &str,
        token: &OutsideToken,
        environment: Environment,
    ) -> Result<Mapped, Unmapped> {
        if self.denied.contains(&token.subject) {
            return Err(Unmapped::Denied);
        }
        let mut known = self.applications.iter();
        let application = known.find(|known| known.id == token.client).ok_or(Unmapped::Client)?;
        let tenant = self.tenant(application, token)?;
        let said = self.said(token)?;
        let client_roles = match &application.roles[..] {
            [] if token.is_own => of(&said, is_of_applications),
            roles => roles.to_vec(),
        };
        let person = match token.is_own {
            true => None,
            false => Some(self.person(issuer, token, of(&said, is_of_people))?),
        };
        let people = person.iter().flat_map(|person| &person.roles);
        let mut all = people.chain(&client_roles);
        if environment == Environment::Production && all.any(|role| *role == Role::DevUser) {
            return Err(Unmapped::Environment);
        }
        if client_roles.is_empty() {
            return Err(Unmapped::Role);
        }
        let scopes = self.scopes(application, token)?;
        Ok(Mapped { tenant, client_roles, scopes, person })
    }

    /// All who may name the tenant: each of them, where it does, the same one.
    pub fn tenants(&self) -> impl Iterator<Item = TenantId> {
        let claimed = self.tenant_claim.iter().flat_map(|claim| &claim.tenants);
        let claimed = claimed.map(|(_, tenant)| *tenant);
        let of_applications = self.applications.iter().filter_map(|known| known.tenant);
        self.tenant.into_iter().chain(claimed).chain(of_applications)
    }

    fn tenant(&self, of: &Application, token: &OutsideToken) -> Result<TenantId, Unmapped> {
        let claimed = match &self.tenant_claim {
            None => None,
            Some(TenantClaim { claim, tenants }) => {
                let said = token.words(claim)?;
                // Of several nobody could say which one is meant.
                let [said] = &said[..] else { return Err(Unmapped::Tenant) };
                let found = tenants.iter().find(|(value, _)| value == said);
                Some(found.ok_or(Unmapped::Tenant)?.1)
            }
        };
        let mut named = [self.tenant, claimed, of.tenant].into_iter().flatten();
        let tenant = named.next().ok_or(Unmapped::Tenant)?;
        if named.all(|other| other == tenant) { Ok(tenant) } else { Err(Unmapped::Tenant) }
    }

    /// What the token's claim makes somebody. Values are compared whole.
    fn said(&self, token: &OutsideToken) -> Result<Vec<Role>, Unmapped> {
        let Some(claim) = &self.roles_claim else { return Ok(Vec::new()) };
        let values = token.words(claim)?;
        let rows = self.roles.iter().filter(|row| values.contains(&row.value));
        let mut roles: Vec<Role> = rows.flat_map(|row| row.roles.iter().copied()).collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    fn person(
        &self,
        issuer: &str,
        token: &OutsideToken,
        roles: Vec<Role>,
    ) -> Result<Grants, Unmapped> {
        if roles.is_empty() {
            return Err(Unmapped::Role);
        }
        let assured = self.assurance.judge(token.acr.as_deref(), &token.amr);
        let assured = assured.ok_or(Unmapped::OneFactor)?;
        Ok(Grants { user: person_id(issuer, &token.subject), roles, assured })
    }

    /// What the issuer granted, in our words, as far as the application may have it.
    fn scopes(&self, of: &Application, token: &OutsideToken) -> Result<Scopes, Unmapped> {
        let ours = |theirs: &String| {
            let row = self.scopes.iter().find(|(name, _)| name == theirs);
            row.map_or_else(|| theirs.clone(), |(_, ours)| ours.clone())
        };
        let granted: Vec<String> =
            token.scopes.iter().map(ours).filter(|scope| of.scopes.contains(scope)).collect();
        Scopes::parse(&granted.join(" ")).map_err(|_| Unmapped::Scope)
    }
}

/// How a client, or a token, of an issuer is called here. No name of an issuer has a colon and no
/// client of ours has one, so no two are called alike.
#[must_use]
pub fn client_id(issuer: &str, theirs: &str) -> String {
    format!("{issuer}:{theirs}")
}

/// How a person whom an issuer names is called here: always the same, told by nobody's name, and
/// never the id of an account of ours, which is of another version (RFC 9562 §5.8).
#[must_use]
pub fn person_id(issuer: &str, subject: &str) -> UserId {
    let mut context = Context::new(&SHA256);
    for part in ["ringwall trusted issuer", issuer, subject] {
        // The length first, so that no two lists of parts are one text.
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    let uuid = Builder::from_bytes(bytes)
        .with_variant(Variant::RFC4122)
        .with_version(Version::Custom)
        .into_uuid();
    UserId::from_uuid(uuid)
}

fn of(roles: &[Role], which: fn(Role) -> bool) -> Vec<Role> {
    roles.iter().copied().filter(|role| which(*role)).collect()
}

/// What an application can be.
#[must_use]
pub const fn is_of_applications(role: Role) -> bool {
    matches!(role, Role::Partner | Role::IntegrationService | Role::ReadonlyAnalyst | Role::DevUser)
}

/// What a person can be.
#[must_use]
pub const fn is_of_people(role: Role) -> bool {
    !matches!(role, Role::Partner | Role::IntegrationService)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_of_an_issuer_is_nobody_else() {
        let mara = person_id("okta", "00u1");

        assert_eq!(mara, person_id("okta", "00u1"));
        for (issuer, subject) in [("idp", "00u1"), ("okta", "00u2"), ("okta0", "0u1"), ("", "")] {
            assert_ne!(mara, person_id(issuer, subject), "{issuer} {subject}");
        }
        // Accounts of ours are of version 7.
        assert_eq!(mara.uuid().get_version_num(), 8);
        assert_eq!(mara.to_string().parse(), Ok(mara));
    }

    #[test]
    fn a_client_of_an_issuer_is_no_client_of_ours() {
        assert!(!oauth::generate_client_id().contains(':'));
        assert_eq!(client_id("okta", "pc_8f3kq2m1zdy2y2ye"), "okta:pc_8f3kq2m1zdy2y2ye");
    }

    #[test]
    fn nobody_is_neither_a_person_nor_an_application() {
        for role in Role::ALL {
            assert!(is_of_people(role) || is_of_applications(role), "{role}");
        }
        assert!(!is_of_people(Role::Partner) && !is_of_applications(Role::Recruiter));
        assert!(!is_of_applications(Role::SystemAdmin) && !is_of_applications(Role::ClientViewer));
    }
}
