//! Refusals, then shapes, then the canonical form as a property.

use std::net::IpAddr;

use kernel::{ManualClock, RequestId, UserId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const AT: Timestamp = Timestamp::from_millis(1_795_372_200_123);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn id() -> EventId {
    EventId::new(&ManualClock::new(AT))
}

fn scene() -> Scene {
    let clock = ManualClock::new(AT);
    Scene {
        at: AT,
        request: Some(RequestId::new(&clock)),
        trace: Some(TRACE.to_owned()),
        tenant: Some(TenantId::new(&clock)),
        source_ip: Some(IpAddr::from([203, 0, 113, 7])),
        user_agent: Some("partner/1.0".to_owned()),
    }
}

fn bare_scene() -> Scene {
    Scene { at: AT, request: None, trace: None, tenant: None, source_ip: None, user_agent: None }
}

fn client() -> Actor {
    Actor::Client { client_id: "pc_acme".to_owned(), credential: Some("key_1".to_owned()) }
}

fn decision(allowed: bool) -> Decision {
    Decision {
        operation: "GET /v1/jobs/{id}".to_owned(),
        action: "job.read".to_owned(),
        allowed,
        reason: (!allowed).then_some("scope_missing"),
        policies: vec!["jobs.read".to_owned()],
        resource: Some("job_1".to_owned()),
    }
}

fn change(kind: ChangeKind) -> Change {
    Change {
        operation: "PATCH /v1/jobs/{id}".to_owned(),
        kind,
        resource_type: "job",
        resource_id: "job_1".to_owned(),
        version: i64::MAX,
        fields: vec!["title".to_owned(), "status".to_owned()],
        digests: Vec::new(),
        policies: vec!["jobs.write".to_owned(), "tenant.own".to_owned()],
    }
}

fn attempt() -> Authentication {
    Authentication {
        client_id: Some("pc_acme".to_owned()),
        credential: Some("key_1".to_owned()),
        ..Authentication::new("client_secret_basic", Ok(()))
    }
}

fn json_of(event: &Event) -> Value {
    serde_json::to_value(event).unwrap()
}

#[test]
fn an_event_with_an_unknown_member_is_refused() {
    for path in ["", "/metadata", "/actor", "/actor/user", "/api", "/src_endpoint", "/unmapped"] {
        let mut value = json_of(&Event::decision(id(), &scene(), &client(), decision(true)));
        value.pointer_mut(path).unwrap()["surprise"] = json!(1);

        assert!(serde_json::from_value::<Event>(value).is_err(), "{path}");
    }
}

#[test]
fn an_event_without_a_required_member_is_refused() {
    for name in ["activity_id", "category_uid", "class_uid", "metadata", "time", "type_uid"] {
        let mut value = json_of(&Event::decision(id(), &scene(), &client(), decision(true)));
        value.as_object_mut().unwrap().remove(name);

        assert!(serde_json::from_value::<Event>(value).is_err(), "{name}");
    }
}

#[test]
fn what_callers_chose_is_cut_and_cannot_break_lines() {
    let scene = Scene { user_agent: Some(format!("a\r\nb{}", "c".repeat(300))), ..scene() };
    let attempt = Authentication {
        client_id: Some(format!("\u{1b}[2J{}", "x".repeat(100))),
        person: None,
        credential: Some("\n".repeat(100)),
        ..attempt()
    };

    let event = json_of(&Event::authentication(id(), &scene, attempt));

    assert_eq!(event["http_request"]["user_agent"], format!("ab{}", "c".repeat(254)));
    assert_eq!(event["user"]["uid"], format!("[2J{}", "x".repeat(61)));
    assert_eq!(event["user"]["credential_uid"], "");
}

#[test]
fn what_is_not_a_trace_id_is_left_out() {
    let zero = "0".repeat(32);
    for trace in ["", "x", &zero, &TRACE.to_uppercase(), &format!("{TRACE}0")] {
        let scene = Scene { trace: Some(trace.to_owned()), ..scene() };

        let event = json_of(&Event::decision(id(), &scene, &client(), decision(true)));

        assert_eq!(event.get("trace"), None, "{trace}");
        assert_eq!(event["metadata"]["profiles"], json!(["security_control"]));
    }
}

#[test]
fn a_refused_decision_says_why() {
    let event = json_of(&Event::decision(id(), &scene(), &client(), decision(false)));

    assert_eq!(event["status_id"], 2);
    assert_eq!(event["status_code"], "scope_missing");
    assert_eq!(event["severity_id"], 2);
    assert_eq!(event["action_id"], 2);
    assert_eq!(event["actor"]["authorizations"][0]["decision"], "denied");
}

#[test]
fn a_decision_without_policies_still_states_the_decision() {
    let decision = Decision { policies: Vec::new(), ..decision(false) };

    let event = json_of(&Event::decision(id(), &scene(), &Actor::Anonymous, decision));

    assert_eq!(event["actor"]["authorizations"], json!([{ "decision": "denied" }]));
    assert_eq!(event["actor"]["user"], json!({ "name": "anonymous", "type_id": 0 }));
}

#[test]
fn a_decision_has_the_shape_of_api_activity() {
    let (id, scene) = (id(), scene());

    let event = Event::decision(id, &scene, &client(), decision(true));

    assert_eq!(
        json_of(&event),
        json!({
            "action_id": 1, "activity_id": 2, "category_uid": 6, "class_uid": 6003,
            "severity_id": 1, "status_id": 1, "time": AT.millis(), "type_uid": 600_302,
            "actor": {
                "authorizations": [{ "decision": "allowed", "policy": { "uid": "jobs.read" } }],
                "user": { "credential_uid": "key_1", "type_id": 4, "uid": "pc_acme" },
            },
            "api": {
                "operation": "GET /v1/jobs/{id}",
                "request": { "uid": scene.request },
                "service": { "name": "ringwall" },
            },
            "http_request": { "user_agent": "partner/1.0" },
            "metadata": {
                "correlation_uid": scene.request, "event_code": "decision", "log_name": "audit",
                "product": {
                    "name": "ringwall", "vendor_name": "ringwall", "version": PRODUCT_VERSION,
                },
                "profiles": ["security_control", "trace"],
                "tenant_uid": scene.tenant, "uid": id, "version": "1.8.0",
            },
            "resources": [{ "uid": "job_1" }],
            "src_endpoint": { "ip": "203.0.113.7" },
            "trace": { "uid": TRACE },
            "unmapped": { "action": "job.read" },
        })
    );
}

#[test]
fn a_change_names_the_fields_and_the_resource() {
    let scene = scene();
    let staff = Actor::Staff { user: "usr_1".to_owned(), is_mfa: true, client_id: None };

    let event = json_of(&Event::change(id(), &scene, &staff, change(ChangeKind::Update)));

    let fields = json!([{ "field": "title" }, { "field": "status" }]);
    assert_eq!(event["unmapped"], json!({ "changes": fields }));
    let version = i64::MAX.to_string();
    let owner = json!({ "uid": scene.tenant });
    let job = json!({ "owner": owner, "type": "job", "uid": "job_1", "version": version });
    assert_eq!(event["resources"], json!([job]));
    assert_eq!(event["actor"]["user"], json!({ "type_id": 1, "uid": "usr_1" }));
    assert_eq!(event["actor"]["session"], json!({ "is_mfa": true }));
    assert_eq!(event["metadata"]["event_code"], "change");
}

#[test]
fn a_disclosure_names_fields_reason_and_resource_and_no_value() {
    let shown = Disclosure {
        operation: "POST /v1/employments/{id}/reveal".to_owned(),
        resource_type: "employment",
        resource_id: "emp_1".to_owned(),
        version: 3,
        fields: vec!["tax_id".to_owned()],
        purpose: "payroll: HR-7".to_owned(),
        policies: vec!["staff-recruiter".to_owned()],
    };

    let event = json_of(&Event::disclosure(id(), &scene(), &client(), shown));

    assert_eq!(event["metadata"]["event_code"], "disclosure");
    assert_eq!(event["activity_id"], READ);
    assert_eq!(event["unmapped"]["disclosed"], json!(["tax_id"]));
    assert_eq!(event["unmapped"]["purpose"], "payroll: HR-7");
    assert_eq!(event["resources"][0]["uid"], "emp_1");
    assert_eq!(event["resources"][0]["version"], "3");
}

#[test]
fn each_kind_of_change_has_its_activity() {
    let kinds = [(ChangeKind::Create, 1), (ChangeKind::Update, 3), (ChangeKind::Delete, 4)];
    for (kind, activity) in kinds {
        let event = json_of(&Event::change(id(), &scene(), &client(), change(kind)));

        assert_eq!(event["activity_id"], activity);
        assert_eq!(event["type_uid"], 600_300 + activity);
    }
}

#[test]
fn each_method_has_its_activity() {
    let cases = [
        ("POST /v1/jobs", 1),
        ("GET /v1/jobs", 2),
        ("HEAD /v1/jobs", 2),
        ("PUT /v1/jobs/{id}", 3),
        ("PATCH /v1/jobs/{id}", 3),
        ("DELETE /v1/jobs/{id}", 4),
        ("bootstrap", 0),
    ];
    for (operation, activity) in cases {
        let decision = Decision { operation: operation.to_owned(), ..decision(true) };

        let event = json_of(&Event::decision(id(), &scene(), &client(), decision));

        assert_eq!(event["activity_id"], activity, "{operation}");
    }
}

#[test]
fn ringwall_itself_states_its_purpose_and_is_its_own_source() {
    let system = Actor::System { reason: "bootstrap".to_owned() };

    let event = json_of(&Event::change(id(), &bare_scene(), &system, change(ChangeKind::Create)));

    assert_eq!(event["unmapped"]["purpose"], "bootstrap");
    assert_eq!(event["actor"]["user"], json!({ "name": "system", "type_id": 3 }));
    assert_eq!(event["src_endpoint"], json!({ "svc_name": "ringwall" }));
}

#[test]
fn a_failed_authentication_has_the_shape_of_its_class() {
    let (id, scene) = (id(), scene());
    let attempt = Authentication { outcome: Err("invalid_client"), ..attempt() };

    let event = Event::authentication(id, &scene, attempt);

    assert_eq!(
        json_of(&event),
        json!({
            "activity_id": 1, "category_uid": 3, "class_uid": 3002, "severity_id": 2,
            "status_id": 2, "status_code": "invalid_client", "time": AT.millis(),
            "type_uid": 300_201,
            "auth_protocol": "client_secret_basic", "auth_protocol_id": 99,
            "http_request": { "user_agent": "partner/1.0" },
            "metadata": {
                "correlation_uid": scene.request, "event_code": "authentication",
                "log_name": "audit",
                "product": {
                    "name": "ringwall", "vendor_name": "ringwall", "version": PRODUCT_VERSION,
                },
                "tenant_uid": scene.tenant, "uid": id, "version": "1.8.0",
            },
            "service": { "name": "ringwall" },
            "src_endpoint": { "ip": "203.0.113.7" },
            "user": { "credential_uid": "key_1", "type_id": 4, "uid": "pc_acme" },
        })
    );
}

#[test]
fn an_address_is_written_in_one_way() {
    let scene = Scene { source_ip: "::ffff:203.0.113.7".parse().ok(), ..scene() };

    let event = json_of(&Event::decision(id(), &scene, &client(), decision(true)));

    assert_eq!(event["src_endpoint"]["ip"], "203.0.113.7");
}

#[test]
fn an_event_answers_for_itself() {
    let (id, scene) = (id(), scene());

    let event = Event::change(id, &scene, &client(), change(ChangeKind::Create));

    assert_eq!(event.id(), id);
    assert_eq!(event.tenant(), scene.tenant);
    assert_eq!(event.at(), AT);
    assert_eq!(event.class_uid(), 6003);
}

fn any_scene() -> impl Strategy<Value = Scene> {
    let ids = (any::<bool>(), any::<Option<IpAddr>>());
    let trace = prop_oneof![Just(TRACE.to_owned()), any::<String>()];
    (any::<i64>(), ids, trace, any::<Option<String>>()).prop_map(|(at, ids, trace, agent)| {
        let clock = ManualClock::new(AT);
        Scene {
            at: Timestamp::from_millis(at),
            request: ids.0.then(|| RequestId::new(&clock)),
            trace: Some(trace),
            tenant: ids.0.then(|| TenantId::new(&clock)),
            source_ip: ids.1,
            user_agent: agent,
        }
    })
}

fn any_actor() -> impl Strategy<Value = Actor> {
    let client = any::<(String, Option<String>)>()
        .prop_map(|(client_id, credential)| Actor::Client { client_id, credential });
    let staff = any::<bool>().prop_map(|is_mfa| {
        let user = UserId::new(&ManualClock::new(AT)).to_string();
        Actor::Staff { user, is_mfa, client_id: None }
    });
    let system = Just(Actor::System { reason: "retention".to_owned() });
    prop_oneof![Just(Actor::Anonymous), client, staff, system]
}

fn any_authentication() -> impl Strategy<Value = Event> {
    let parts = (any::<Option<String>>(), any::<Option<String>>(), any::<bool>());
    (any_scene(), parts).prop_map(|(scene, (client_id, credential, is_proven))| {
        let outcome = is_proven.then_some(()).ok_or("invalid_client");
        let bound_to = credential.clone();
        let assured = is_proven.then_some(Assured { acr: "mfa", amr: "pwd otp mfa" });
        let new = Authentication::new("bearer", outcome);
        let attempt = Authentication { client_id, credential, bound_to, assured, ..new };
        Event::authentication(id(), &scene, attempt)
    })
}

fn any_decision() -> impl Strategy<Value = Event> {
    let texts = any::<(String, String, Option<String>, Vec<String>)>();
    (any_scene(), any_actor(), any::<bool>(), texts).prop_map(|(scene, actor, allowed, texts)| {
        let (operation, action, resource, policies) = texts;
        let reason = (!allowed).then_some("scope_missing");
        let decision = Decision { operation, action, allowed, reason, policies, resource };
        Event::decision(id(), &scene, &actor, decision)
    })
}

fn any_change() -> impl Strategy<Value = Event> {
    let kinds = vec![ChangeKind::Create, ChangeKind::Update, ChangeKind::Delete];
    let texts = any::<(String, String, i64, Vec<String>, Vec<String>)>();
    (any_scene(), any_actor(), prop::sample::select(kinds), texts).prop_map(
        |(scene, actor, kind, (operation, resource_id, version, fields, policies))| {
            let resource_type = "candidate";
            let digests = vec![("ranks", resource_id.clone())];
            let change = Change {
                operation,
                kind,
                resource_type,
                resource_id,
                version,
                fields,
                digests,
                policies,
            };
            Event::change(id(), &scene, &actor, change)
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![any_authentication(), any_decision(), any_change()]
}

proptest! {
    #[test]
    fn plain_serialisation_is_the_canonical_form(event in any_event()) {
        let canonical = serde_json_canonicalizer::to_vec(&event).unwrap();

        prop_assert_eq!(String::from_utf8(event.canonical()), String::from_utf8(canonical));
    }

    #[test]
    fn reading_and_writing_are_inverse(event in any_event()) {
        let canonical = event.canonical();

        let again: Event = serde_json::from_slice(&canonical).unwrap();

        prop_assert_eq!(again.canonical(), canonical);
        prop_assert_eq!(again, event);
    }
}

#[test]
fn an_attempt_of_a_person_names_their_id_and_their_tenant() {
    let clock = ManualClock::new(AT);
    let person = Person { tenant: TenantId::new(&clock), user: UserId::new(&clock) };
    let attempt =
        Authentication { person: Some(person), ..Authentication::new("totp", Err("code_wrong")) };

    let event = json_of(&Event::authentication(id(), &bare_scene(), attempt));

    assert_eq!(event["user"], json!({ "type_id": 1, "uid": person.user }));
    assert_eq!(event["metadata"]["tenant_uid"], json!(person.tenant));
    assert_eq!(event["status_code"], "code_wrong");
}

#[test]
fn an_attempt_says_whose_client_it_named_and_what_it_was_bound_to() {
    let tenant = TenantId::new(&ManualClock::new(AT));
    let bound_to = Some(format!("thumb\n{}", "x".repeat(100)));
    let attempt = Authentication { tenant: Some(tenant), bound_to, ..attempt() };

    let event = json_of(&Event::authentication(id(), &bare_scene(), attempt));

    assert_eq!(event["metadata"]["tenant_uid"], json!(tenant));
    assert_eq!(event["unmapped"], json!({ "bound_to": format!("thumb{}", "x".repeat(59)) }));
}

#[test]
fn an_attempt_says_how_strongly_somebody_proved_who_they_are() {
    let cases = [
        (Assured { acr: "mfa", amr: "pwd otp mfa" }, json!({ "acr": "mfa", "amr": "pwd otp mfa" })),
        (Assured { acr: "phr", amr: "" }, json!({ "acr": "phr" })),
    ];
    for (assured, expected) in cases {
        let attempt = Authentication { assured: Some(assured), ..attempt() };

        let event = json_of(&Event::authentication(id(), &scene(), attempt));

        assert_eq!(event["unmapped"], expected);
    }
}
