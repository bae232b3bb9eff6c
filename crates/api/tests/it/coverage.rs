//! Coverage walks: every operation of the contract is tried by everybody who must not get in.
//!
//! The lists of exceptions may only shrink.

use std::collections::BTreeSet;

use gate::contract::{Access, ErrorForm, Operation};
use policy::{Environment, Role, SCOPES};
use testkit::{Caller, Platform, Setup, Tenant, minutes, samples};

use crate::operations::{Things, all, ask, known};

/// Operations for everybody: credentials are not looked at.
const PUBLIC: &[&str] = &[
    "health.live",
    "health.ready",
    "docs.openapi",
    "docs.index",
    "docs.problems",
    "docs.style",
    "oauth.metadata",
    "oauth.jwks",
    "token.authorize",
    "token.push",
    "token.issue",
    "token.revoke",
    "token.introspect",
    "login.prove",
    "login.refresh",
    "leak.report",
    "job.apply",
    "staff.style",
    "staff.enrol",
    "staff.enrolled",
    "staff.enrolled_by_passkey",
    "staff.sign_in",
    "staff.prove_password",
    "staff.prove_code",
    "staff.prove_passkey",
    "staff.login",
    "staff.login_callback",
    "staff.provider_logout",
];

/// Operations that show strangers what is public, and nothing else.
const OPTIONAL: &[&str] = &["job.list", "job.facets", "job.read"];

/// Operations that show everybody what is their own, without a scope; see `limits.rs`.
const OWN: &[&str] = &["limit.read"];

/// Operations of people, which no application may carry out whatever its scopes.
pub(crate) const PEOPLE_ONLY: &[&str] = &[
    "job.approve",
    "employment.approve",
    "employment.amendment_approve",
    "candidate.merge",
    "match.dismiss",
    "match.reject",
    "match.reinstate",
    "ban.list",
    "ban.read",
    "ban.lift",
    "usage_plan.list",
    "usage_plan.create",
    "usage_plan.read",
    "usage_plan.update",
    "usage_plan.delete",
    "usage_plan.assignees",
    "usage_plan.assign",
    "usage_plan.unassign",
    "usage_alert.list",
    "person.list",
    "person.read",
    "person.invite",
    "person.propose_roles",
    "person.propose_reactivation",
    "person.propose_enrolment",
    "signing_key.propose_rotation",
    "person.deactivate",
    "person.end_sessions",
    "proposal.list",
    "proposal.read",
    "proposal.approve",
    "proposal.refuse",
];

/// Operations that integration services may carry out: employments, and nothing else.
const INTEGRATION: &str = "employment.";

/// What is the same for every tenant.
const SHARED: &[&str] = &["employment.transitions", "employment.form", "match.transitions"];

/// Operations that exist in a sandbox only; where people are real they look like nothing.
const SANDBOX_ONLY: &[&str] =
    &["sandbox.clock", "sandbox.advance", "sandbox.reset", "sandbox.trigger"];

struct Walk {
    platform: Platform,
    acme: Tenant,
    partner: Caller,
    things: Things,
}

impl Walk {
    async fn start() -> Self {
        let platform = Platform::new().await;
        let acme = platform.tenant("acme").await;
        let partner = acme.caller(Role::Partner).await;
        let things = Things::of(&acme, &partner).await;
        Self { platform, acme, partner, things }
    }

    /// Every operation but those for everybody. Pages are walked in `sessions.rs`.
    fn guarded(&self) -> Vec<&Operation> {
        let guarded = all(&self.platform).into_iter();
        guarded
            .filter(|operation| !PUBLIC.contains(&operation.id.as_str()))
            .filter(|operation| !OWN.contains(&operation.id.as_str()))
            .filter(|operation| operation.error_form != ErrorForm::Page)
            .collect()
    }
}

fn ids<'a>(operations: impl IntoIterator<Item = &'a &'a Operation>) -> BTreeSet<&'a str> {
    operations.into_iter().map(|operation| operation.id.as_str()).collect()
}

#[tokio::test]
async fn every_operation_is_walked_and_no_other() {
    let platform = Platform::new().await;

    let declared: BTreeSet<_> = ids(&all(&platform)).into_iter().map(str::to_owned).collect();

    assert_eq!(declared, known().into_iter().map(str::to_owned).collect());
}

#[tokio::test]
async fn only_the_listed_operations_are_open_to_strangers() {
    let platform = Platform::new().await;
    let of = |access| {
        let all = all(&platform);
        let some: Vec<_> = all.into_iter().filter(|o| o.access == access).collect();
        some.iter().map(|o| o.id.clone()).collect::<Vec<_>>()
    };

    assert_eq!(BTreeSet::from_iter(of(Access::Public)), set(PUBLIC));
    assert_eq!(BTreeSet::from_iter(of(Access::Optional)), set(&[OPTIONAL, OWN].concat()));
}

fn set(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn without_credentials_nothing_is_answered() {
    let walk = Walk::start().await;
    let stranger = walk.platform.stranger();

    for operation in walk.guarded() {
        let answer = ask(&stranger, operation, &walk.things).await;
        match operation.id.as_str() {
            // Nothing is public yet, so there is nothing to see.
            "job.list" => assert!(answer.is(200).ids().is_empty()),
            "job.facets" => assert_eq!(answer.is(200).body()["jobs"], 0),
            "job.read" => drop(answer.is(404).problem("not_found")),
            _ => {
                let answer = answer.is(401).problem("auth.required");
                assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="ringwall""#));
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_is_none_opens_nothing() {
    let walk = Walk::start().await;
    let stranger = walk.platform.stranger();
    let token = walk.partner.bearer().to_owned();
    let (message, _) = token.rsplit_once('.').unwrap();
    let unsigned = format!("{message}.");

    for operation in walk.guarded() {
        for text in ["garbage", "a.b.c", "..", &unsigned, &token[..token.len() - 2]] {
            let answer = ask(&stranger.with_token(text), operation, &walk.things).await;
            answer.is(401).problem("auth.invalid_token");
        }
    }
}

#[tokio::test]
async fn another_scheme_opens_nothing() {
    let walk = Walk::start().await;
    let stranger = walk.platform.stranger();

    for operation in walk.guarded() {
        for value in ["Basic YTpi", "Bearer", "Digest x", ""] {
            let ask = ask(&stranger, operation, &walk.things).with_header("authorization", value);
            ask.await.is(401).problem("auth.invalid_token");
        }
    }
}

#[tokio::test]
async fn a_token_of_a_foreign_key_opens_nothing() {
    let walk = Walk::start().await;
    let forger = walk.acme.forger();

    for operation in walk.guarded() {
        let answer = ask(&forger, operation, &walk.things).await;
        answer.is(401).problem("auth.invalid_token");
    }
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let walk = Walk::start().await;
    walk.platform.clock().advance(minutes(16));

    for operation in walk.guarded() {
        let answer = ask(&walk.partner, operation, &walk.things).await;
        answer.is(401).problem("auth.invalid_token");
    }
}

#[tokio::test]
async fn the_things_of_another_tenant_look_like_none() {
    let walk = Walk::start().await;
    let globex = walk.platform.tenant("globex").await;
    let other = globex.caller(Role::Partner).await;

    for operation in walk.guarded() {
        let answer = ask(&other, operation, &walk.things).await;
        match operation.id.as_str() {
            id if PEOPLE_ONLY.contains(&id) => drop(answer.is(403)),
            id if SANDBOX_ONLY.contains(&id) => drop(answer.is(404)),
            "job.create" => drop(answer.is(422).at("/client_id")),
            "match.run" => drop(answer.is(422).at("/job_id")),
            "job.facets" => assert_eq!(answer.is(200).body()["jobs"], 0),
            "employment.create" | "employment.put" => drop(answer.is(422).at("/candidate_id")),
            id if SHARED.contains(&id) => drop(answer.is(200)),
            _ if operation.path.contains("{id}") => drop(answer.is(404).problem("not_found")),
            id if id.ends_with(".list") || id.ends_with(".search") => {
                let ids = answer.is(200).ids();
                assert!(!ids.contains(&walk.things.job) && !ids.contains(&walk.things.candidate));
                assert!(!ids.contains(&walk.things.company));
                assert!(!ids.contains(&walk.things.employment));
                assert!(!ids.contains(&walk.things.matched));
            }
            _ => drop(answer.is(201)),
        }
    }
}

#[tokio::test]
async fn every_scope_but_the_right_one_is_not_enough() {
    let walk = Walk::start().await;

    for operation in walk.guarded() {
        let policy = walk.platform.policy();
        let action = policy.action(&operation.action).unwrap();
        let needed = policy.scope_of(&action).unwrap();
        let others: Vec<_> = SCOPES.iter().copied().filter(|scope| *scope != needed).collect();
        let lesser = walk.acme.partner(&others).await;

        let answer = ask(&lesser, operation, &walk.things).await;
        if SANDBOX_ONLY.contains(&operation.id.as_str()) {
            answer.is(404).problem("not_found");
            continue;
        }
        let answer = answer.is(403);
        if PEOPLE_ONLY.contains(&operation.id.as_str()) {
            answer.problem("auth.forbidden");
            continue;
        }
        let answer = answer.problem("auth.scope_missing");
        assert_eq!(answer.body()["required_scopes"], serde_json::json!([needed]));
        assert!(answer.header("www-authenticate").unwrap().contains("insufficient_scope"));
    }
}

#[tokio::test]
async fn every_scope_is_not_enough_for_the_wrong_role() {
    let walk = Walk::start().await;
    let roles = [
        Role::SystemAdmin,
        Role::Recruiter,
        Role::ClientViewer,
        Role::IntegrationService,
        Role::ReadonlyAnalyst,
        Role::DevUser,
    ];

    for role in roles {
        let caller = walk.acme.caller(role).await;
        for operation in walk.guarded() {
            let is_own = operation.id.starts_with(INTEGRATION);
            if role == Role::IntegrationService && is_own {
                continue;
            }
            let answer = ask(&caller, operation, &walk.things).await;
            if SANDBOX_ONLY.contains(&operation.id.as_str()) {
                answer.is(404).problem("not_found");
                continue;
            }
            answer.is(403).problem("auth.forbidden");
        }
    }
}

#[tokio::test]
async fn an_integration_service_reaches_employments_and_nothing_else() {
    let walk = Walk::start().await;
    let payroll = walk.acme.caller(Role::IntegrationService).await;
    let things = Things::of(&walk.acme, &walk.partner).await;
    let engaged = samples::employment(&things.candidate, &things.company);
    let employment = payroll.post("/v1/employments", engaged).await.is(201).id();
    let things = Things { employment, ..things };

    for operation in walk.guarded() {
        let answer = ask(&payroll, operation, &things).await;
        let is_own = operation.id.starts_with(INTEGRATION);
        match operation.id.as_str() {
            id if PEOPLE_ONLY.contains(&id) => drop(answer.is(403).problem("auth.forbidden")),
            // A move may be illegal from where it stands by now; it was let in all the same.
            id if is_own => {
                assert!(matches!(answer.status(), 200 | 201 | 409 | 412), "{id}: {answer:?}");
            }
            id if SANDBOX_ONLY.contains(&id) => drop(answer.is(404).problem("not_found")),
            _ => drop(answer.is(403).problem("auth.forbidden")),
        }
    }
}

/// The other walks would prove nothing if their requests were refused for another reason.
#[tokio::test]
async fn the_right_caller_gets_in() {
    let walk = Walk::start().await;

    for operation in walk.guarded() {
        let things = Things::of(&walk.acme, &walk.partner).await;
        let answer = ask(&walk.partner, operation, &things).await;
        if PEOPLE_ONLY.contains(&operation.id.as_str()) {
            answer.is(403).problem("auth.forbidden");
            continue;
        }
        if SANDBOX_ONLY.contains(&operation.id.as_str()) {
            answer.is(404).problem("not_found");
            continue;
        }
        // A move may be illegal from where a new thing stands; it was let in all the same.
        assert!(matches!(answer.status(), 200 | 201 | 204 | 409), "{answer:?}");
    }
}

#[tokio::test]
async fn a_developer_works_in_the_sandbox_without_personal_data() {
    let setup = Setup { environment: Environment::Sandbox, ..Setup::default() };
    let platform = Platform::with(setup).await;
    let sandbox = platform.tenant("sand").await;
    let developer = sandbox.caller(Role::DevUser).await;

    let made = developer.post("/v1/candidates", testkit::samples::candidate()).await.is(201);

    assert!(made.body().get("email").is_none());
    developer
        .post("/v1/candidates/search", serde_json::json!({ "phone": "+447700900001" }))
        .await
        .is(403);
}

#[tokio::test]
async fn public_operations_do_not_look_at_credentials() {
    let walk = Walk::start().await;
    let stranger = walk.platform.stranger();
    let public = all(&walk.platform).into_iter();
    let clients = ["token.", "login.", "leak."];
    let public = public.filter(|o| PUBLIC.contains(&o.id.as_str()));
    let public = public.filter(|o| !clients.iter().any(|start| o.id.starts_with(start)));
    // What is applied for must be there.
    let public = public.filter(|o| o.id != "job.apply" && o.id != "staff.provider_logout");
    let public = public.filter(|o| o.error_form != ErrorForm::Page);

    for operation in public {
        let bare = ask(&stranger, operation, &walk.things).await.is(200);
        let forged = ask(&stranger.with_token("x"), operation, &walk.things).await.is(200);
        assert_eq!(bare.bytes(), forged.bytes(), "{}", operation.id);
    }
}
