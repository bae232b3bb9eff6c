//! The cases in `cases/`: who asks for what, and what the policies say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::{TenantId, UserId};
use serde::Deserialize;
use uuid::Uuid;

use crate::vocabulary::Place;
use crate::{Caller, ClientFacts, Engine, Environment, Role, SCOPES, StaffFacts};

const CALLERS: &str = include_str!("../cases/callers.toml");
const FILES: [&str; 4] = [
    include_str!("../cases/walls.toml"),
    include_str!("../cases/staff.toml"),
    include_str!("../cases/partners.toml"),
    include_str!("../cases/public.toml"),
];

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
enum Row {
    Anonymous,
    Staff {
        roles: Vec<Role>,
        #[serde(default = "production")]
        environment: Environment,
        #[serde(default = "yes")]
        mfa: bool,
        #[serde(default = "yes")]
        phishing_resistant: bool,
        #[serde(default = "a_minute")]
        auth_age_s: u64,
    },
    Client {
        roles: Vec<Role>,
        #[serde(default)]
        scopes: Vec<String>,
        #[serde(default = "production")]
        environment: Environment,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    claim: String,
    #[serde(default)]
    tenant: Target,
    #[serde(default)]
    mirror: bool,
    /// A policy among the determining ones.
    by: Option<String>,
    /// Caller, action, and `allow` or the reason of the refusal.
    cases: Vec<(String, String, String)>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    #[default]
    Own,
    Other,
    None,
}

pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn client(roles: &[Role], scopes: &[&str], environment: Environment) -> Arc<Caller> {
    Arc::new(Caller::client(ClientFacts {
        client_id: "pc_case".to_owned(),
        tenant: tenant(1),
        environment,
        roles: roles.to_vec(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        credential: None,
    }))
}

pub(crate) fn staff(roles: &[Role], environment: Environment) -> StaffFacts {
    StaffFacts {
        user_id: UserId::from_uuid(Uuid::from_u128(7)),
        tenant: tenant(1),
        environment,
        roles: roles.to_vec(),
        mfa: true,
        phishing_resistant: true,
        auth_age_s: 60,
        session: None,
    }
}

fn caller(row: &Row) -> Arc<Caller> {
    match row {
        Row::Anonymous => Arc::new(Caller::anonymous()),
        Row::Staff { roles, environment, mfa, phishing_resistant, auth_age_s } => {
            Arc::new(Caller::staff(StaffFacts {
                mfa: *mfa,
                phishing_resistant: *phishing_resistant,
                auth_age_s: *auth_age_s,
                ..staff(roles, *environment)
            }))
        }
        Row::Client { roles, scopes, environment } => {
            let scopes: Vec<&str> = match scopes.iter().map(String::as_str).collect::<Vec<_>>() {
                all if all == ["*"] => SCOPES.to_vec(),
                some => some,
            };
            client(roles, &scopes, *environment)
        }
    }
}

/// What the policies say, and which.
fn judge(
    engine: &Engine,
    caller: &Arc<Caller>,
    action: &str,
    group: &Group,
) -> (String, Vec<Arc<str>>) {
    let action = engine.action(action).expect(action);
    let tenant = match group.tenant {
        Target::Own => caller.tenant(),
        Target::Other => Some(tenant(2)),
        Target::None => None,
    };
    match engine.rule(caller, &action, Place { tenant, mirror: group.mirror }) {
        Ok(permit) => ("allow".to_owned(), permit.policies().to_vec()),
        Err(refusal) => (refusal.reason.to_string(), refusal.policies.to_vec()),
    }
}

fn callers() -> BTreeMap<String, Arc<Caller>> {
    let rows: BTreeMap<String, Row> = toml::from_str(CALLERS).unwrap();
    rows.iter().map(|(name, row)| (name.clone(), caller(row))).collect()
}

fn groups() -> Vec<Group> {
    FILES.into_iter().flat_map(|text| toml::from_str::<File>(text).unwrap().groups).collect()
}

fn yes() -> bool {
    true
}

fn production() -> Environment {
    Environment::Production
}

fn a_minute() -> u64 {
    60
}

#[test]
fn every_case_is_decided_as_it_says() {
    let (engine, callers, groups) = (Engine::load().unwrap(), callers(), groups());
    let mut wrong = Vec::new();

    // Twice: the second time applications' rulings come from the memory.
    for round in ["decided", "remembered"] {
        for group in &groups {
            for (caller, action, expected) in &group.cases {
                let (found, by) = judge(&engine, &callers[caller], action, group);
                let is_by = group.by.iter().all(|id| by.iter().any(|policy| **policy == **id));
                if found != *expected || !is_by {
                    let claim = &group.claim;
                    wrong.push(format!("{claim}: {caller} {action}: {round} `{found}` by {by:?}"));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_caller_asks_and_every_policy_decides() {
    let (engine, callers, groups) = (Engine::load().unwrap(), callers(), groups());
    let mut silent: BTreeSet<&str> = callers.keys().map(String::as_str).collect();
    let mut idle: BTreeSet<String> = engine.policy_ids().map(str::to_owned).collect();

    for group in &groups {
        for (caller, action, _) in &group.cases {
            silent.remove(caller.as_str());
            for policy in judge(&engine, &callers[caller], action, group).1 {
                idle.remove(&*policy);
            }
        }
    }

    assert!(silent.is_empty() && idle.is_empty(), "never asked {silent:?}, never ruled {idle:?}");
}
