//! Administering people: what one administrator may alone, and what takes two.

use futures_util::future::join_all;
use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, AtWork, Browser, Invited, Platform, Tenant, days, minutes};

async fn post(browser: &Browser, path: &str, body: Value) -> Answer {
    browser.ask(Method::POST, path).json(&body).await
}

async fn take(browser: &Browser, path: &str) -> Answer {
    browser.ask(Method::POST, path).await
}

async fn get(browser: &Browser, path: &str) -> Answer {
    browser.ask(Method::GET, path).await
}

/// Two administrators.
async fn two(acme: &Tenant) -> (AtWork, AtWork) {
    (acme.at_work("ada", Role::SystemAdmin).await, acme.at_work("bea", Role::SystemAdmin).await)
}

fn draft(name: &str) -> Value {
    json!({ "email": format!("{name}@acme.example"), "name": name, "roles": ["recruiter"] })
}

/// Asks for roles of somebody: the proposal's id.
async fn ask_for(browser: &Browser, user: kernel::UserId, roles: Value) -> String {
    let path = format!("/v1/staff/{user}/roles");
    post(browser, &path, json!({ "roles": roles })).await.is(202).id()
}

async fn decide(browser: &Browser, proposal: &str, how: &str) -> Answer {
    take(browser, &format!("/v1/staff-proposals/{proposal}/{how}")).await
}

fn link_of(answer: &Answer, pointer: &str) -> String {
    let url = answer.text_of(pointer);
    url.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn who_was_invited_gets_in_when_a_second_one_agreed() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let invited = post(&ada.browser, "/v1/staff", draft("rui")).await.is(201);
    let user = invited.text_of("/person/id").parse().unwrap();
    let link = link_of(&invited, "/enrolment/url");
    assert_eq!(invited.body()["person"]["roles"], json!([]));
    let rui = Invited { user, email: "rui@acme.example".to_owned(), link };
    let mut device = acme.enrol_with_passkey(&rui).await;
    acme.browser().sign_in_with(&mut device).await.is(403);
    let proposal = invited.text_of("/proposal/id");
    decide(&ada.browser, &proposal, "approve").await.is(403).problem("people.own_proposal");
    acme.browser().sign_in_with(&mut device).await.is(403);

    let approved = decide(&bea.browser, &proposal, "approve").await.is(200);

    assert_eq!(approved.text_of("/status"), "approved");
    assert_eq!(approved.text_of("/decided_by"), bea.user.to_string());
    let browser = acme.browser();
    browser.sign_in_with(&mut device).await.is(303);
    get(&browser, "/v1/candidates").await.is(200);
}

#[tokio::test]
async fn a_proposal_is_decided_once_and_in_time() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let first = ask_for(&ada.browser, rui.user, json!(["client_viewer"])).await;
    let all = (0..6).map(|_| decide(&bea.browser, &first, "approve"));
    let answers = join_all(all).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((of(200), of(409)), (1, 5));
    decide(&bea.browser, &first, "refuse").await.is(409).problem("people.proposal_over");

    // A later one takes an earlier one's place, and one that was taken back is over.
    let old = ask_for(&ada.browser, rui.user, json!(["recruiter"])).await;
    let new = ask_for(&ada.browser, rui.user, json!(["readonly_analyst"])).await;
    decide(&bea.browser, &old, "approve").await.is(409).problem("people.proposal_over");
    decide(&ada.browser, &new, "refuse").await.is(200);
    decide(&bea.browser, &new, "approve").await.is(409).problem("people.proposal_over");
    let path = format!("/v1/staff-proposals/{old}");
    assert_eq!(get(&ada.browser, &path).await.is(200).text_of("/status"), "superseded");
    assert_eq!(get(&ada.browser, "/v1/staff-proposals").await.is(200).ids().len(), 3);
    let now = get(&ada.browser, &format!("/v1/staff/{}", rui.user)).await.is(200);
    assert_eq!(now.body()["roles"], json!(["client_viewer"]));
}

#[tokio::test]
async fn nobody_agrees_after_three_days() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, mut bea) = two(&acme).await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let proposal = ask_for(&ada.browser, rui.user, json!(["system_admin"])).await;
    platform.clock().advance(days(3));
    let browser = acme.browser();
    browser.sign_in_with(&mut bea.device).await.is(303);

    decide(&browser, &proposal, "approve").await.is(409).problem("people.proposal_over");

    let path = format!("/v1/staff-proposals/{proposal}");
    assert_eq!(get(&browser, &path).await.is(200).text_of("/status"), "expired");
}

#[tokio::test]
async fn what_somebody_asked_for_who_was_let_go_is_over() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let proposal = ask_for(&ada.browser, rui.user, json!(["system_admin"])).await;
    take(&bea.browser, &format!("/v1/staff/{}/deactivate", ada.user)).await.is(200);

    decide(&bea.browser, &proposal, "approve").await.is(409).problem("people.proposal_over");
}

#[tokio::test]
async fn other_roles_end_every_session() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let mut rui = acme.at_work("rui", Role::Recruiter).await;
    get(&rui.browser, "/v1/candidates").await.is(200);
    let proposal = ask_for(&ada.browser, rui.user, json!(["client_viewer"])).await;
    get(&rui.browser, "/v1/candidates").await.is(200);

    decide(&bea.browser, &proposal, "approve").await.is(200);

    get(&rui.browser, "/v1/candidates").await.is(401).problem("auth.invalid_session");
    rui.browser.sign_in_with(&mut rui.device).await.is(303);
    get(&rui.browser, "/v1/candidates").await.is(403).problem("auth.forbidden");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    // One who has not enrolled yet is none who could help.
    acme.take_on("cleo", Role::SystemAdmin).await;
    let demotion = ask_for(&ada.browser, bea.user, json!(["recruiter"])).await;
    let of = |one: &AtWork| format!("/v1/staff/{}/deactivate", one.user);

    // Each lets the other go, in the same moment.
    let (of_ada, of_bea) = (of(&ada), of(&bea));
    let (one, other) = tokio::join!(take(&ada.browser, &of_bea), take(&bea.browser, &of_ada));

    let done = [one.status(), other.status()];
    assert_eq!(done.iter().filter(|status| **status == 200).count(), 1, "{done:?}");
    let (left, path) = if one.status() == 200 { (&ada, of_ada) } else { (&bea, of_bea) };
    take(&left.browser, &path).await.is(409).problem("people.last_administrator");
    let decided = decide(&left.browser, &demotion, "approve").await;
    assert!(matches!(decided.status(), 403 | 409), "{decided:?}");
}

#[tokio::test]
async fn an_administrator_is_demoted_by_two_and_only_beside_another() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let proposal = ask_for(&ada.browser, ada.user, json!(["recruiter"])).await;
    decide(&bea.browser, &proposal, "approve").await.is(200);
    get(&ada.browser, "/v1/staff").await.is(401);

    let path = format!("/v1/staff/{}/deactivate", bea.user);
    take(&bea.browser, &path).await.is(409).problem("people.last_administrator");
}

#[tokio::test]
async fn who_was_let_go_comes_back_with_what_they_had_when_two_agree() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let mut rui = acme.at_work("rui", Role::Recruiter).await;
    let path = |what: &str| format!("/v1/staff/{}/{what}", rui.user);
    take(&ada.browser, &path("reactivate")).await.is(409).problem("people.state");
    take(&ada.browser, &path("deactivate")).await.is(200);
    take(&ada.browser, &path("deactivate")).await.is(200);
    get(&rui.browser, "/v1/candidates").await.is(401);
    take(&ada.browser, &path("enrolment")).await.is(409).problem("people.state");
    let proposal = take(&ada.browser, &path("reactivate")).await.is(202).id();
    rui.browser.sign_in_with(&mut rui.device).await.is(403);

    decide(&bea.browser, &proposal, "approve").await.is(200);

    rui.browser.sign_in_with(&mut rui.device).await.is(303);
}

#[tokio::test]
async fn a_new_link_is_shown_to_the_second_one_and_takes_old_passkeys_away() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let mut rui = acme.at_work("rui", Role::Recruiter).await;
    let asked = take(&ada.browser, &format!("/v1/staff/{}/enrolment", rui.user)).await.is(202);
    assert!(asked.body().get("enrolment").is_none());

    let approved = decide(&bea.browser, &asked.id(), "approve").await.is(200);

    assert_eq!(approved.header("cache-control"), Some("no-store"));
    let link = link_of(&approved, "/enrolment/url");
    let anew = Invited { user: rui.user, email: "rui@acme.example".to_owned(), link };
    let mut device = acme.enrol_with_passkey(&anew).await;
    acme.browser().sign_in_with(&mut rui.device).await.is(403);
    acme.browser().sign_in_with(&mut device).await.is(303);
}

#[tokio::test]
async fn an_administrator_signs_somebody_out_everywhere() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.at_work("ada", Role::SystemAdmin).await;
    let mut rui = acme.at_work("rui", Role::Recruiter).await;
    get(&rui.browser, "/v1/candidates").await.is(200);

    take(&ada.browser, &format!("/v1/staff/{}/sessions/end", rui.user)).await.is(204);

    get(&rui.browser, "/v1/candidates").await.is(401).problem("auth.invalid_session");
    rui.browser.sign_in_with(&mut rui.device).await.is(303);
}

#[tokio::test]
async fn only_an_administrator_with_a_fresh_passkey_administers() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, rui) = two(&acme).await;
    let recruiter = acme.at_work("mara", Role::Recruiter).await;
    let by_code = acme.enrolled("cleo", Role::SystemAdmin).await;
    let with_code = acme.browser();
    with_code.sign_in(&by_code).await;

    post(&recruiter.browser, "/v1/staff", draft("x")).await.is(403).problem("auth.forbidden");
    get(&recruiter.browser, "/v1/staff").await.is(403).problem("auth.forbidden");
    let refused = get(&with_code, "/v1/staff").await.is(401).problem("auth.step_up_required");
    assert!(refused.header("www-authenticate").unwrap().contains("phr"));
    platform.clock().advance(minutes(14));
    get(&ada.browser, "/v1/staff").await.is(200);
    platform.clock().advance(minutes(2));
    get(&ada.browser, "/v1/staff").await.is(200);
    let late = take(&ada.browser, &format!("/v1/staff/{}/deactivate", rui.user)).await.is(401);
    late.problem("auth.step_up_required");
}

#[tokio::test]
async fn nobody_of_another_agency_is_there() {
    let platform = Platform::new().await;
    let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
    let (ada, _) = two(&acme).await;
    let gus = globex.at_work("gus", Role::SystemAdmin).await;
    let path = format!("/v1/staff/{}", ada.user);
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let proposal = ask_for(&ada.browser, rui.user, json!(["system_admin"])).await;

    get(&gus.browser, &path).await.is(404);
    for what in ["deactivate", "reactivate", "enrolment", "sessions/end"] {
        take(&gus.browser, &format!("{path}/{what}")).await.is(404).problem("not_found");
    }
    decide(&gus.browser, &proposal, "approve").await.is(404).problem("not_found");
    assert_eq!(get(&gus.browser, "/v1/staff").await.is(200).ids(), [gus.user.to_string()]);
}

#[tokio::test]
async fn what_fits_nobody_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.at_work("ada", Role::SystemAdmin).await;

    for (member, value) in [
        ("roles", json!([])),
        ("roles", json!(["partner"])),
        ("roles", json!(["recruiter", "recruiter"])),
        ("email", json!("nobody")),
        ("name", json!("")),
    ] {
        let mut body = draft("rui");
        body[member] = value;
        post(&ada.browser, "/v1/staff", body).await.is(422);
    }
    post(&ada.browser, "/v1/staff", draft("ada")).await.is(409).problem("taken");
}

#[tokio::test]
async fn each_step_is_told_and_recorded_with_who_took_it() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, bea) = two(&acme).await;
    let invited = post(&ada.browser, "/v1/staff", draft("rui")).await.is(201);
    let user = invited.text_of("/person/id");
    decide(&bea.browser, &invited.text_of("/proposal/id"), "approve").await.is(200);
    take(&ada.browser, &format!("/v1/staff/{user}/sessions/end")).await.is(204);
    take(&ada.browser, &format!("/v1/staff/{user}/deactivate")).await.is(200);
    let back = take(&ada.browser, &format!("/v1/staff/{user}/reactivate")).await.is(202).id();
    decide(&bea.browser, &back, "approve").await.is(200);
    let other = ask_for(&ada.browser, user.parse().unwrap(), json!(["dev_user"])).await;
    decide(&bea.browser, &other, "refuse").await.is(200);

    let mut second = testkit::Authenticator::default();
    let own = ("/staff/passkeys", "/staff/passkeys");
    bea.browser.make_passkey(own, &mut second).await.is(303);

    let told: Vec<String> = acme.outbox().await.into_iter().map(|event| event.kind).collect();

    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    let told: Vec<&str> = told.into_iter().filter(|kind| kind.starts_with("staff")).collect();
    assert_eq!(
        told,
        [
            // Two administrators.
            "staff.invited",
            "staff.enrolled",
            "staff.invited",
            "staff.enrolled",
            // Invited, approved, signed out, let go.
            "staff.invited",
            "staff_proposal.opened",
            "staff_proposal.approved",
            "staff.roles_changed",
            "staff.sessions_ended",
            "staff.deactivated",
            // Back again, and no other role.
            "staff_proposal.opened",
            "staff_proposal.approved",
            "staff.reactivated",
            "staff_proposal.opened",
            "staff_proposal.refused",
            "staff.passkeys_changed",
        ]
    );
    let trail = serde_json::to_string(&acme.audit().await).unwrap();
    assert!(!trail.contains("rui@acme.example"), "no address stands in the trail");
}
