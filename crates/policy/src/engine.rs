//! The judge: a caller, an action and a tenant in; a permit or a refusal out.

use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer, Decision, PolicyId, Response};
use kernel::TenantId;
use quick_cache::sync::Cache;

use crate::caller::{CallerKind, Home, SignIn, Standing};
use crate::rulebook::{POLICIES, Rulebook, SCHEMA};
use crate::vocabulary::{Misfit, Place, Vocabulary};
use crate::{Action, Caller, Environment, Permit, PolicyError, Reason, Refusal, Role, SCOPES};

/// The policies, ready to decide.
pub struct Engine {
    rulebook: Rulebook,
    vocabulary: Vocabulary,
    authorizer: Authorizer,
    /// Sorted by name.
    actions: Vec<Action>,
    system: Action,
    memory: Cache<Question, Ruling>,
    /// [`scopes_between`](Self::scopes_between): a decision for every action, asked for at each
    /// refresh.
    between: Cache<(Standing, Place), Arc<[&'static str]>>,
}

/// Everything that a decision depends on. The policies never change while an engine lives, so a
/// ruling may be remembered by its question alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Question {
    standing: Standing,
    action: u16,
    place: Place,
}

/// The determining policies, or why not.
type Ruling = Result<Arc<[Arc<str>]>, Refusal>;

impl Engine {
    /// Reads the built-in policies.
    ///
    /// # Errors
    /// When they do not parse, do not fit the schema, or the validator has any doubt.
    pub fn load() -> Result<Self, PolicyError> {
        Self::from_rulebook(Rulebook::read(SCHEMA, POLICIES)?)
    }

    fn from_rulebook(rulebook: Rulebook) -> Result<Self, PolicyError> {
        Ok(Self {
            vocabulary: Vocabulary::new()?,
            actions: Action::all(&rulebook.schema)?,
            system: Action::system()?,
            rulebook,
            authorizer: Authorizer::new(),
            memory: Cache::new(RULINGS_MAX),
            between: Cache::new(PAIRS_MAX),
        })
    }

    /// The action of this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Action> {
        let index = self.actions.binary_search_by(|action| action.name().cmp(name)).ok()?;
        self.actions.get(index).cloned()
    }

    /// The scope that an application's token needs for an action.
    #[must_use]
    pub fn scope_of(&self, action: &Action) -> Option<&'static str> {
        action.scope()
    }

    /// Every action, sorted by name.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter()
    }

    /// SHA-256 of the policies' texts, in hexadecimal.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.rulebook.version
    }

    /// May the caller do this in their own tenant?
    ///
    /// # Errors
    /// A refusal, when no policy permits it, one forbids it, or the decision fails.
    pub fn judge(&self, caller: &Arc<Caller>, action: &Action) -> Result<Permit, Refusal> {
        self.rule(caller, action, Place { tenant: caller.tenant(), mirror: false })
    }

    /// May the caller do this in a tenant?
    ///
    /// # Errors
    /// A refusal, when no policy permits it, one forbids it, or the decision fails.
    pub fn judge_in(
        &self,
        caller: &Arc<Caller>,
        action: &Action,
        tenant: TenantId,
    ) -> Result<Permit, Refusal> {
        self.rule(caller, action, Place { tenant: Some(tenant), mirror: false })
    }

    /// A permit for the platform's own work in a tenant, with the reason that the audit will show.
    #[must_use]
    pub fn system(&self, tenant: TenantId, reason: &'static str) -> Permit {
        let caller = Arc::new(Caller::system(reason));
        Permit::new(caller, self.system.clone(), Some(tenant), Arc::from([]))
    }

    pub(crate) fn rule(
        &self,
        caller: &Arc<Caller>,
        action: &Action,
        place: Place,
    ) -> Result<Permit, Refusal> {
        let policies = self.remember(caller.standing(), action, place)?;
        Ok(Permit::new(Arc::clone(caller), action.clone(), place.tenant, policies))
    }

    /// The scopes by which somebody of these roles may do anything at all through an application of
    /// those roles, once they have signed in as well as can be.
    #[must_use]
    pub fn scopes_between(
        &self,
        person: &[Role],
        client: &[Role],
        (tenant, environment): (TenantId, Environment),
    ) -> Arc<[&'static str]> {
        let home = Some(Home { tenant, environment });
        let standing = Standing {
            roles: person.iter().copied().collect(),
            scopes: SCOPES.iter().copied().collect(),
            sign_in: SignIn { mfa: true, phishing_resistant: true, age_s: 0 },
            through: Some(client.iter().copied().collect()),
            ..Standing::of(CallerKind::Staff, home)
        };
        let place = Place { tenant: Some(tenant), mirror: false };
        if let Some(scopes) = self.between.get(&(standing, place)) {
            return scopes;
        }
        let mut scopes: Vec<&str> = self
            .actions
            .iter()
            .filter(|action| self.remember(&standing, action, place).is_ok())
            .filter_map(Action::scope)
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        let scopes: Arc<[&str]> = scopes.into();
        self.between.insert((standing, place), Arc::clone(&scopes));
        scopes
    }

    fn remember(&self, standing: &Standing, action: &Action, place: Place) -> Ruling {
        // Who acts for a person is judged twice: no wall around either is left out.
        if let Some((person, client)) = standing.apart() {
            let person = self.remember(&person, action, place);
            return both(person, self.remember(&client, action, place));
        }
        // A person's standing ages by the second, so remembering it would only fill the memory.
        if standing.kind == CallerKind::Staff {
            return self.decide(standing, action, place);
        }
        let question = Question { standing: *standing, action: action.index(), place };
        if let Some(ruling) = self.memory.get(&question) {
            return ruling;
        }
        let ruling = self.decide(standing, action, place);
        self.memory.insert(question, ruling.clone());
        ruling
    }

    fn decide(&self, standing: &Standing, action: &Action, place: Place) -> Ruling {
        let fault = |policies| Refusal { reason: Reason::Fault, policies };
        let asked = self.vocabulary.ask(&self.rulebook.schema, standing, action, place);
        let (request, entities) = asked.map_err(|Misfit| fault(Arc::from([])))?;
        let response = self.authorizer.is_authorized(&request, &self.rulebook.policies, &entities);
        // Cedar skips a policy that fails, also one that forbids. Here doubt is a refusal.
        let failed: Vec<_> = response.diagnostics().errors().map(policy_of).collect();
        if !failed.is_empty() {
            return Err(fault(self.names(failed)));
        }
        let policies = self.names(response.diagnostics().reason());
        match response.decision() {
            Decision::Allow => Ok(policies),
            Decision::Deny => {
                Err(Refusal { reason: self.diagnose(&response, standing, action), policies })
            }
        }
    }

    fn diagnose(&self, response: &Response, standing: &Standing, action: &Action) -> Reason {
        if standing.kind == CallerKind::Anonymous {
            return Reason::Anonymous;
        }
        let entries = &self.rulebook.entries;
        let walls = response.diagnostics().reason().filter_map(|id| entries.get(id)?.1);
        let missing = action
            .scope()
            .filter(|scope| standing.kind == CallerKind::Client && !standing.scopes.contains(scope))
            .map(Reason::Scope);
        walls.min().or(missing).unwrap_or(Reason::Role)
    }

    fn names<'a>(&self, ids: impl IntoIterator<Item = &'a PolicyId>) -> Arc<[Arc<str>]> {
        let entries = ids.into_iter().filter_map(|id| self.rulebook.entries.get(id));
        let mut names: Vec<_> = entries.map(|(name, _)| Arc::clone(name)).collect();
        names.sort_unstable();
        names.into()
    }
}

/// What two rulings permit together; of two refusals the weightier one.
fn both(one: Ruling, other: Ruling) -> Ruling {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            let mut names: Vec<_> = one.iter().chain(other.iter()).map(Arc::clone).collect();
            names.sort_unstable();
            names.dedup();
            Ok(names.into())
        }
        (Err(one), Err(other)) if other.reason < one.reason => Err(other),
        (Err(refusal), _) | (Ok(_), Err(refusal)) => Err(refusal),
    }
}

fn policy_of(error: &AuthorizationError) -> &PolicyId {
    match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
    }
}

/// About 150 bytes each.
const RULINGS_MAX: usize = 16_384;
/// About 400 bytes each: roles of a person and of an application, in a tenant.
const PAIRS_MAX: usize = 1_024;

#[cfg(test)]
impl Engine {
    pub(crate) fn policy_ids(&self) -> impl Iterator<Item = &str> {
        self.rulebook.entries.values().map(|(id, _)| &**id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cases::{client, staff, tenant};
    use crate::{ClientFacts, StaffFacts};

    fn engine() -> Engine {
        Engine::load().unwrap()
    }

    fn engine_without(policy: &str) -> Engine {
        let mut rulebook = Rulebook::read(SCHEMA, POLICIES).unwrap();
        let id = rulebook.entries.iter().find(|(_, (id, _))| **id == *policy).unwrap().0.clone();
        rulebook.policies.remove_static(id).unwrap();
        Engine::from_rulebook(rulebook).unwrap()
    }

    fn app() -> Arc<Caller> {
        client(&[Role::Partner], SCOPES, Environment::Production)
    }

    #[test]
    fn it_is_the_tenant_wall_that_refuses_another_tenant() {
        let with = engine();
        let without = engine_without("wall-tenant");
        let action = with.action("candidate.read_pii").unwrap();

        assert_eq!(with.judge_in(&app(), &action, tenant(2)).unwrap_err().reason, Reason::Tenant);
        assert!(without.judge_in(&app(), &action, tenant(2)).is_ok());
    }

    #[test]
    fn each_wall_alone_refuses_something_that_is_permitted() {
        use Environment::Production;
        let admin = Arc::new(Caller::staff(StaffFacts {
            mfa: false,
            phishing_resistant: false,
            ..staff(&[Role::SystemAdmin], Production)
        }));
        let hurried = Arc::new(Caller::staff(StaffFacts {
            auth_age_s: 901,
            ..staff(&[Role::SystemAdmin], Production)
        }));
        let phished = Arc::new(Caller::staff(StaffFacts {
            phishing_resistant: false,
            ..staff(&[Role::SystemAdmin], Production)
        }));
        let developer = client(&[Role::DevUser], SCOPES, Production);
        let payroll = client(&[Role::IntegrationService, Role::Partner], SCOPES, Production);
        let analyst = client(&[Role::ReadonlyAnalyst], SCOPES, Production);
        let whole = engine();

        for (wall, caller, action, mirror) in [
            ("wall-environment", &developer, "job.list", false),
            ("wall-analyst-mirror", &analyst, "report.read", false),
            ("wall-mirror-read-only", &app(), "job.create", true),
            ("wall-integration", &payroll, "job.list", false),
            ("wall-people", &app(), "match.reject", false),
            ("wall-mfa", &admin, "job.list", false),
            ("wall-step-up", &hurried, "key.rotate", false),
            ("wall-phishing", &phished, "key.rotate", false),
        ] {
            let action = whole.action(action).unwrap();
            let place = Place { tenant: caller.tenant(), mirror };

            assert!(whole.rule(caller, &action, place).is_err(), "{wall}");
            assert!(engine_without(wall).rule(caller, &action, place).is_ok(), "{wall}");
        }
    }

    /// A recruiter for whom an application with these scopes acts.
    fn acting(person: StaffFacts, role: Role, scopes: &[&str]) -> Arc<Caller> {
        Arc::new(Caller::delegate(
            person,
            ClientFacts {
                client_id: "pc_case".to_owned(),
                tenant: tenant(1),
                environment: Environment::Production,
                roles: vec![role],
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                credential: None,
            },
        ))
    }

    #[test]
    fn who_acts_for_a_person_may_what_both_may_and_nothing_else() {
        use Environment::Production;
        let engine = engine();
        let recruiter = || staff(&[Role::Recruiter], Production);
        let tired = StaffFacts { auth_age_s: 901, ..recruiter() };
        let viewer = staff(&[Role::ClientViewer], Production);
        let admin = staff(&[Role::SystemAdmin], Production);
        let all = SCOPES;
        for (caller, action, reason) in [
            // The application may, the person may not.
            (acting(viewer, Role::Partner, all), "candidate.list", Reason::Role),
            (acting(admin.clone(), Role::Partner, all), "candidate.read", Reason::Role),
            (acting(recruiter(), Role::Partner, all), "event.list", Reason::Role),
            (acting(tired, Role::Partner, all), "candidate.read_sensitive", Reason::StepUp),
            // The person may, the application may not.
            (acting(recruiter(), Role::Partner, all), "job.approve", Reason::PeopleOnly),
            (acting(recruiter(), Role::Partner, all), "match.reject", Reason::PeopleOnly),
            (acting(admin, Role::Partner, all), "user.invite", Reason::PeopleOnly),
            (
                acting(recruiter(), Role::Partner, &["read:jobs"]),
                "candidate.list",
                Reason::Scope("read:candidates"),
            ),
            (acting(recruiter(), Role::IntegrationService, all), "job.list", Reason::Role),
            (acting(recruiter(), Role::DevUser, all), "job.list", Reason::Environment),
            // Nor does it reach the person's own sign-in.
            (acting(recruiter(), Role::Partner, all), "session.end", Reason::PeopleOnly),
            (acting(recruiter(), Role::Partner, all), "consent.give", Reason::PeopleOnly),
        ] {
            let action = engine.action(action).unwrap();

            let refusal = engine.judge(&caller, &action).unwrap_err();

            assert_eq!(refusal.reason, reason, "{action}");
        }
        let both = acting(recruiter(), Role::Partner, all);
        let permit = engine.judge(&both, &engine.action("candidate.list").unwrap()).unwrap();
        let by = permit.policies().iter().map(AsRef::as_ref).collect::<Vec<&str>>();
        assert_eq!(by, ["partner-read-candidates", "staff-recruiter"]);
        assert_eq!((both.id().len() > 8, both.through()), (true, Some("pc_case")));
        let jobs = engine.action("job.list").unwrap();
        assert_eq!(engine.judge_in(&both, &jobs, tenant(2)).unwrap_err().reason, Reason::Tenant);
    }

    #[test]
    fn between_a_person_and_an_application_are_the_scopes_of_both() {
        let engine = engine();
        let home = (tenant(1), Environment::Production);
        let between = |person, client| engine.scopes_between(&[person], &[client], home);

        assert_eq!(*between(Role::ClientViewer, Role::Partner), ["read:jobs"]);
        let payroll = between(Role::Recruiter, Role::IntegrationService);
        assert!(payroll.iter().all(|scope| scope.contains("employments")), "{payroll:?}");
        let admin = between(Role::SystemAdmin, Role::Partner);
        assert!(!admin.iter().any(|scope| scope.starts_with("admin:")), "{admin:?}");
        assert!(between(Role::Recruiter, Role::DevUser).is_empty());
        assert!(between(Role::ReadonlyAnalyst, Role::Partner).is_empty());
    }

    #[test]
    fn the_system_is_never_judged() {
        let engine = engine();
        let permit = engine.system(tenant(1), "retention");
        let action = engine.action("api.describe").unwrap();

        assert_eq!(engine.judge(permit.caller(), &action).unwrap_err().reason, Reason::Fault);
        assert_eq!(engine.judge(&app(), permit.action()).unwrap_err().reason, Reason::Fault);
        assert_eq!(permit.tenant(), Some(tenant(1)));
        assert_eq!(permit.caller().id(), "retention");
        assert_eq!(permit.caller().kind(), CallerKind::System);
    }

    #[test]
    fn a_policy_that_fails_is_a_refusal() {
        // Adding to the largest age overflows, and Cedar would skip the wall.
        let text = r#"
            @id("all") permit (principal, action, resource);
            @id("wall") @reason("role") forbid (principal, action, resource)
            when { context.auth_age_s + 1 > 5 };"#;
        let rulebook = Rulebook::read(SCHEMA, &[("test.cedar", text)]).unwrap();
        let engine = Engine::from_rulebook(rulebook).unwrap();
        let caller = Arc::new(Caller::staff(StaffFacts {
            auth_age_s: u64::MAX,
            ..staff(&[Role::Recruiter], Environment::Production)
        }));

        let refusal = engine.judge(&caller, &engine.action("job.list").unwrap()).unwrap_err();

        assert_eq!(refusal.reason, Reason::Fault);
        assert_eq!(refusal.policies[..], [Arc::from("wall")]);
    }

    #[test]
    fn without_policies_nothing_is_permitted() {
        let rulebook = Rulebook::read(SCHEMA, &[]).unwrap();
        let engine = Engine::from_rulebook(rulebook).unwrap();

        for action in engine.actions() {
            assert!(engine.judge(&Arc::new(Caller::anonymous()), action).is_err(), "{action}");
            assert!(engine.judge(&app(), action).is_err(), "{action}");
        }
    }

    #[test]
    fn a_ruling_is_remembered_for_the_same_question_only() {
        let engine = engine();
        let action = engine.action("job.list").unwrap();
        let jobs = client(&[Role::Partner], &["read:jobs"], Environment::Production);
        let clients = client(&[Role::Partner], &["read:clients"], Environment::Production);

        assert!(engine.judge(&jobs, &action).is_ok());
        assert!(engine.judge(&clients, &action).is_err());
        assert!(engine.judge_in(&jobs, &action, tenant(2)).is_err());
        assert!(engine.judge(&jobs, &action).is_ok());
        assert_eq!(engine.memory.len(), 3);
    }

    #[test]
    fn peoples_rulings_are_not_remembered() {
        let engine = engine();
        let caller = Arc::new(Caller::staff(staff(&[Role::Recruiter], Environment::Production)));

        assert!(engine.judge(&caller, &engine.action("job.list").unwrap()).is_ok());
        assert_eq!(engine.memory.len(), 0);
    }

    #[test]
    fn a_permit_says_who_may_do_what_where_and_why() {
        let engine = engine();
        let action = engine.action("job.create").unwrap();

        let permit = engine.judge(&app(), &action).unwrap();

        assert_eq!(permit.caller().id(), "pc_case");
        assert_eq!(permit.action(), &action);
        assert_eq!(permit.tenant(), Some(tenant(1)));
        assert_eq!(permit.policies(), [Arc::from("partner-write-jobs")]);
    }

    #[test]
    fn every_action_is_in_exactly_one_of_public_read_and_write() {
        let engine = engine();
        let entities = engine.rulebook.schema.action_entities().unwrap();

        for action in engine.actions() {
            let groups: Vec<_> = entities.ancestors(action.uid()).unwrap().collect();
            let is_in = |name: &str| groups.iter().any(|group| group.id().unescaped() == name);
            let count = ["public", "read", "write"].into_iter().filter(|name| is_in(name)).count();

            assert_eq!(count, 1, "{action}");
            // What a person does with their own sign-in and grants: no scope reaches it.
            let is_own = matches!(action.class(), "session" | "passkey" | "consent");
            assert_eq!(is_in("public") || is_own, action.scope().is_none(), "{action}");
        }
    }

    #[test]
    fn every_leaf_of_the_schema_is_an_action_of_the_engine() {
        let engine = engine();
        let schema = &engine.rulebook.schema;
        let groups: BTreeSet<_> = schema.action_groups().collect();
        let leaves: BTreeSet<_> = schema
            .actions()
            .filter(|uid| !groups.contains(uid))
            .map(|u| u.id().unescaped())
            .collect();

        assert_eq!(engine.actions().map(Action::name).collect::<BTreeSet<_>>(), leaves);
    }

    #[test]
    fn the_schema_knows_the_same_roles_scopes_and_environments() {
        let engine = engine();
        let knows = |kind: &str, names: Vec<&str>| {
            let text = SCHEMA.1.split(&format!("entity {kind} enum [")).nth(1).unwrap();
            let text = text.split(']').next().unwrap();
            let mut listed: Vec<_> = text.split('"').skip(1).step_by(2).collect();
            let mut names = names;
            listed.sort_unstable();
            names.sort_unstable();
            assert_eq!(listed, names, "{kind}");
        };

        knows("Role", Role::ALL.map(Role::as_str).to_vec());
        knows("Environment", Environment::ALL.map(Environment::as_str).to_vec());
        knows("Scope", SCOPES.to_vec());
        let mut classes: Vec<_> = engine.actions().map(Action::class).collect();
        classes.sort_unstable();
        classes.dedup();
        knows("Class", classes);
    }

    #[test]
    fn an_unknown_action_is_none() {
        let engine = engine();

        for name in ["", "job", "job.creat", "read", "scope:read:jobs", "system"] {
            assert!(engine.action(name).is_none(), "{name}");
        }
        assert_eq!(engine.scope_of(&engine.action("job.approve").unwrap()), Some("write:jobs"));
    }
}
