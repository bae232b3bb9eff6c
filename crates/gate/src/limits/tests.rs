//! Tests of limits as a whole: what is charged, and which places are held.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use futures_util::FutureExt;
use kernel::SystemClock;
use serde_json::json;

use super::*;

const NOW_MS: u64 = 1_700_000_000_000;

fn settings() -> LimitsPlan {
    let by_client = Spec::window("client", Key::Client, 1000, 60);
    LimitsPlan {
        nodes: 1,
        strangers: by_client.clone(),
        unproven: by_client,
        common: Vec::new(),
        rules: Vec::new(),
        tenant_concurrency_max: 100,
        exempt: Vec::new(),
    }
}

fn raised(plan: &LimitsPlan) -> Arc<Limits> {
    Limits::new(Counters::local(64), plan, &contract()).unwrap()
}

/// Two operations, one of which says how many may be at work.
fn contract() -> Contract {
    let operation = |id: &str, limits: serde_json::Value| {
        json!({ "post": {
            "operationId": id,
            "responses": { "200": { "description": "done" } },
            "x-ringwall": { "action": "a", "limits": limits },
        } })
    };
    let heavy = json!([{ "name": "heavy", "by": ["client", "operation"], "at_once": 1 }]);
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": { "/light": operation("light", json!([])), "/heavy": operation("heavy", heavy) },
    });
    Contract::compile(&document).unwrap()
}

/// Somebody's request; where nothing is asked of a store, charging it never waits.
struct Somebody {
    tenant: TenantId,
    text: String,
    client: &'static str,
}

impl Somebody {
    fn new(client: &'static str) -> Self {
        let tenant = TenantId::new(&SystemClock);
        Self { tenant, text: tenant.to_string(), client }
    }

    fn sibling(&self, client: &'static str) -> Self {
        Self { text: self.text.clone(), client, ..*self }
    }

    fn asks(&self, limits: &Limits, operation: &str) -> Result<(Told, Held), Problem> {
        self.asks_under(limits, &limits.rules(), operation)
    }

    fn asks_under(
        &self,
        limits: &Limits,
        rules: &LimitRules,
        operation: &str,
    ) -> Result<(Told, Held), Problem> {
        let found = limits.operations.iter().find(|known| known.id == operation).unwrap();
        let asker = Asker { operation: (found.index, &found.label), ..self.asker() };
        limits.charge(rules, &asker, NOW_MS.into()).now_or_never().unwrap()
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            origin: "192.0.2.1".parse().unwrap(),
            client: Some(self.client),
            api_key: None,
            tenant: Some(&self.text),
            tenant_id: Some(self.tenant),
            operation: (0, "POST /light"),
        }
    }

    /// How much is left of a rule.
    fn left(&self, limits: &Limits, rule: &str) -> u32 {
        let asker = self.asker();
        let stands = limits.standing(&asker, NOW_MS.into()).now_or_never().unwrap();
        stands.iter().find(|stand| stand.name == rule).unwrap().remaining
    }
}

/// The rules that a refusal names.
fn busy(asked: Result<(Told, Held), Problem>) -> Vec<String> {
    let refusal = asked.map(drop).unwrap_err();
    assert_eq!(refusal.code.name, "limits.busy");
    refusal.members.into_iter().flat_map(|(_, names)| names).collect()
}

#[test]
fn a_tenant_has_so_many_places_and_takes_none_of_anothers() {
    let limits = raised(&LimitsPlan { tenant_concurrency_max: 2, ..settings() });
    let (one, other) = (Somebody::new("mara"), Somebody::new("gus"));
    let first = one.asks(&limits, "light").unwrap();
    let _second = one.sibling("noor").asks(&limits, "light").unwrap();

    assert_eq!(busy(one.asks(&limits, "light")), ["tenant-concurrency"]);
    assert!(other.asks(&limits, "light").is_ok());
    drop(first);
    assert!(one.asks(&limits, "light").is_ok());
}

#[test]
fn the_places_of_an_operation_are_no_others() {
    let limits = raised(&settings());
    let mara = Somebody::new("mara");
    let first = mara.asks(&limits, "heavy").unwrap();

    assert_eq!(busy(mara.asks(&limits, "heavy")), ["heavy"]);
    assert!(mara.sibling("noor").asks(&limits, "heavy").is_ok());
    assert!(mara.asks(&limits, "light").is_ok());
    drop(first);
    assert!(mara.asks(&limits, "heavy").is_ok());
}

#[test]
fn who_finds_no_place_is_charged_nothing_and_who_has_no_room_holds_no_place() {
    let common =
        vec![Spec::window("client", Key::Client, 2, 60), Spec::at_once("few", Key::Client, 1)];
    let limits = raised(&LimitsPlan { common, ..settings() });
    let mara = Somebody::new("mara");
    let first = mara.asks(&limits, "light").unwrap();
    for _ in 0..5 {
        assert_eq!(busy(mara.asks(&limits, "light")), ["few"]);
    }
    assert_eq!((mara.left(&limits, "client"), mara.left(&limits, "few")), (1, 0));
    drop(first);
    drop(mara.asks(&limits, "light").unwrap());

    for _ in 0..5 {
        let refusal = mara.asks(&limits, "light").map(drop).unwrap_err();
        assert_eq!(refusal.code.name, "limits.exceeded");
        let policy = refusal.headers.iter().find(|(name, _)| *name == "ratelimit-policy");
        assert!(policy.is_some_and(|(_, value)| value.contains(r#""few";q=1;qu="#)), "{policy:?}");
    }

    assert_eq!(mara.left(&limits, "few"), 1);
    assert_eq!(limits.at_once(&mara.asker()).map(|cap| cap.remaining), Some(100));
}

#[test]
fn a_reload_keeps_what_is_held() {
    let plan = |few| {
        let common = vec![Spec::at_once("few", Key::Client, few)];
        LimitsPlan { common, ..settings() }
    };
    let limits = raised(&plan(2));
    let mara = Somebody::new("mara");
    let first = mara.asks(&limits, "light").unwrap();
    let _second = mara.asks(&limits, "light").unwrap();

    let (fewer, more) = (limits.compiled(&plan(1)).unwrap(), limits.compiled(&plan(3)).unwrap());

    assert_eq!(busy(mara.asks_under(&limits, &fewer, "light")), ["few"]);
    let third = mara.asks_under(&limits, &more, "light").unwrap();
    assert_eq!(busy(mara.asks_under(&limits, &more, "light")), ["few"]);
    drop((first, third));
    assert_eq!(busy(mara.asks_under(&limits, &fewer, "light")), ["few"]);
}

#[test]
fn a_name_is_there_once_whichever_kind_a_rule_is_of() {
    let plan = |common| LimitsPlan { common, ..settings() };
    let compiled =
        |plan: &LimitsPlan| Limits::new(Counters::local(64), plan, &contract()).map(drop);
    let rate = Spec::rate("few", Key::Client, 5, 5);

    for twice in [
        vec![rate, Spec::at_once("few", Key::Client, 5)],
        vec![Spec::at_once("tenant-concurrency", Key::Tenant, 5)],
        vec![Spec::window("tenant-concurrency", Key::Tenant, 5, 60)],
    ] {
        let refused = compiled(&plan(twice)).unwrap_err();
        assert!(refused.to_string().starts_with("two rules are named"), "{refused}");
    }
    // One with the name of the contract's takes its place, whichever kind it is of.
    let rules = vec![(0, Spec::window("heavy", Key::Client, 5, 60))];
    assert_eq!(compiled(&LimitsPlan { rules, ..settings() }), Ok(()));
}

#[test]
fn from_many_threads_never_more_are_at_work_and_who_is_refused_is_charged_nothing() {
    let common = vec![
        Spec::window("client", Key::Client, 1_000_000, 60),
        Spec::at_once("few", Key::Client, 3),
    ];
    let limits = raised(&LimitsPlan { common, tenant_concurrency_max: 4, ..settings() });
    let mara = Somebody::new("mara");
    let noor = mara.sibling("noor");
    let (of_mara, of_all, admitted) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));

    thread::scope(|scope| {
        for number in 0..8 {
            let (limits, mara, noor) = (&limits, &mara, &noor);
            let (of_mara, of_all, admitted) = (&of_mara, &of_all, &admitted);
            scope.spawn(move || {
                let is_mara = number % 2 == 0;
                let who = if is_mara { mara } else { noor };
                for _ in 0..500 {
                    let Ok((_, places)) = who.asks(limits, "light") else { continue };
                    let own = u32::from(is_mara);
                    assert!(of_mara.fetch_add(own, Ordering::SeqCst) < 3 + (1 - own));
                    assert!(of_all.fetch_add(1, Ordering::SeqCst) < 4);
                    thread::yield_now();
                    admitted.fetch_add(own, Ordering::Relaxed);
                    of_mara.fetch_sub(own, Ordering::SeqCst);
                    of_all.fetch_sub(1, Ordering::SeqCst);
                    drop(places);
                }
            });
        }
    });

    assert_eq!(mara.left(&limits, "client"), 1_000_000 - admitted.into_inner());
    assert_eq!((mara.left(&limits, "few"), noor.left(&limits, "few")), (3, 3));
    assert_eq!(limits.at_once(&mara.asker()).map(|cap| cap.remaining), Some(4));
}
