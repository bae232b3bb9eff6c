//! Passkeys: how they come to be, what they open, and what they do not.

use futures_util::future::join_all;
use http::Method;
use policy::Role;
use serde_json::json;
use testkit::authenticator::{PRESENT, borrowed};
use testkit::{
    Answer, Authenticator, Browser, Invited, Platform, Setup, Tenant, minutes, options_on,
};

const SESSION: &str = "__Host-ringwall";
const ENROL: &str = "/staff/enrol/passkey";
const SIGN_IN: &str = "/staff/sign-in/passkey";
const STEP_UP: &str = "/staff/step-up/passkey";
const OWN: &str = "/staff/passkeys";
const REMOVE: &str = "/staff/passkeys/remove";

fn says(answer: &Answer, text: &str) {
    let page = String::from_utf8_lossy(answer.bytes()).into_owned();
    assert!(page.contains(text), "{text}: {page}");
}

async fn create(browser: &Browser, page: &str, form: &str, with: &mut Authenticator) -> Answer {
    browser.make_passkey((page, form), with).await
}

async fn sign(browser: &Browser, page: &str, form: &str, with: &mut Authenticator) -> Answer {
    browser.prove_passkey((page, form), with).await
}

async fn sign_in(browser: &Browser, with: &mut Authenticator) -> Answer {
    browser.sign_in_with(with).await
}

async fn enrol(acme: &Tenant, invited: &Invited) -> Authenticator {
    acme.enrol_with_passkey(invited).await
}

async fn enrolled(acme: &Tenant, name: &str, role: Role) -> Authenticator {
    let invited = acme.take_on(name, role).await;
    enrol(acme, &invited).await
}

#[tokio::test]
async fn a_passkey_enrols_by_a_link_and_signs_in_by_itself() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let mut device = enrol(&acme, &invited).await;
    acme.browser().open(&format!("/staff/enrol/{}", invited.link)).await.is(404);
    let browser = acme.browser();

    let answer = sign_in(&browser, &mut device).await.is(303);

    assert_eq!(answer.header("location"), Some("/staff"));
    says(&browser.open("/staff").await.is(200), "mara@acme.example");
    browser.ask(Method::GET, "/v1/candidates").await.is(200);
}

#[tokio::test]
async fn a_proof_is_refused_for_another_visit_twice_or_too_late() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let (own, other) = (acme.browser(), acme.browser());
    let options = options_on(own.open("/staff/sign-in").await.bytes(), SIGN_IN);
    other.open("/staff/sign-in").await.is(200);
    let fields = device.get(&options);

    // Another page's challenge does not fit; one's own fits once.
    says(&other.send(SIGN_IN, &borrowed(&fields)).await.is(403), "not accepted");
    let again = own.prepared(SIGN_IN, &borrowed(&fields));
    own.prepared(SIGN_IN, &borrowed(&fields)).await.is(303);
    let again = again.await.is(403);
    assert!(
        again
            .headers()
            .get_all("set-cookie")
            .iter()
            .all(|cookie| { !cookie.to_str().unwrap().starts_with(&format!("{SESSION}=")) })
    );

    let options = options_on(own.open("/staff/sign-in").await.bytes(), SIGN_IN);
    let fields = device.get(&options);
    platform.clock().advance(minutes(5));
    own.send(SIGN_IN, &borrowed(&fields)).await.is(403);
}

#[tokio::test]
async fn of_many_with_one_proof_at_once_one_gets_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let browser = acme.browser();
    let options = options_on(browser.open("/staff/sign-in").await.bytes(), SIGN_IN);
    let fields = device.get(&options);

    let all = (0..8).map(|_| browser.prepared(SIGN_IN, &borrowed(&fields)).into_future());
    let answers = join_all(all).await;

    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((of(303), of(403)), (1, 7));
}

#[tokio::test]
async fn what_an_authenticator_does_wrong_lets_nobody_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let browser = acme.browser();
    let good = device.odd.clone();
    let bad = |change: &dyn Fn(&mut testkit::authenticator::Odd)| {
        let mut odd = good.clone();
        change(&mut odd);
        odd
    };

    for odd in [
        bad(&|odd| odd.origin = "https://ringwall.evil.example".to_owned()),
        bad(&|odd| odd.rp_id = Some("evil.example".to_owned())),
        bad(&|odd| odd.client_data = json!({ "crossOrigin": true })),
        bad(&|odd| odd.flags = PRESENT),
        bad(&|odd| odd.breaks_signature = true),
        bad(&|odd| odd.challenge = Some("A".repeat(43))),
    ] {
        device.odd = odd;
        sign_in(&browser, &mut device).await.is(403);
        assert_eq!(browser.cookie(SESSION), None);
    }
    device.odd = good;
    sign_in(&browser, &mut device).await.is(303);
}

#[tokio::test]
async fn a_copy_whose_counter_lags_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    for _ in 0..3 {
        sign_in(&acme.browser(), &mut device).await.is(303);
    }

    device.rewind(1);

    sign_in(&acme.browser(), &mut device).await.is(403);
    let trail = platform.audit().await;
    assert!(trail.iter().any(|entry| entry["status_code"] == "passkey_cloned"), "{trail:?}");
}

#[tokio::test]
async fn a_passkey_is_nobody_elses() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut mara = enrolled(&acme, "mara", Role::Recruiter).await;
    let ada = acme.take_on("ada", Role::SystemAdmin).await;
    acme.enrol(&ada).await;

    mara.claim_to_be(ada.user.as_bytes());
    sign_in(&acme.browser(), &mut mara).await.is(403);

    // Nor does somebody who was let go, or a passkey that nobody knows.
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let mut left = enrol(&acme, &rui).await;
    acme.deactivate(rui.user).await;
    sign_in(&acme.browser(), &mut left).await.is(403);
    let mut unknown = Authenticator::default();
    unknown.create(&json!({ "challenge": "", "rpId": "localhost", "user": { "id": "AAAA" } }));
    sign_in(&acme.browser(), &mut unknown).await.is(403);
}

#[tokio::test]
async fn who_is_refused_learns_nothing_from_the_page() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let mut left = enrol(&acme, &rui).await;
    acme.deactivate(rui.user).await;
    let mut unknown = Authenticator::default();
    unknown.create(&json!({ "challenge": "", "rpId": "localhost", "user": { "id": "AAAA" } }));
    let told = |answer: &Answer| {
        let page = String::from_utf8_lossy(answer.bytes()).into_owned();
        let (_, alert) = page.split_once("role=\"alert\"").unwrap();
        alert.split_once("</div>").unwrap().0.to_owned()
    };

    let one = sign_in(&acme.browser(), &mut left).await.is(403);
    let other = sign_in(&acme.browser(), &mut unknown).await.is(403);

    assert_eq!(told(&one), told(&other));
}

#[tokio::test]
async fn a_passkey_opens_administration_and_a_code_does_not() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.enrolled("ada", Role::SystemAdmin).await;
    let browser = acme.browser();
    browser.sign_in(&ada).await;
    let mut device = Authenticator::default();
    create(&browser, OWN, OWN, &mut device).await.is(303);
    says(&browser.open(OWN).await.is(200), "prove again who you are");

    // The session knows a code only: not enough for what passkeys guard.
    browser.ask(Method::POST, REMOVE).form(&remove_form()).await.is(401);
    let before = browser.cookie(SESSION).unwrap();
    sign(&browser, "/staff/step-up", STEP_UP, &mut device).await.is(303);

    assert_ne!(browser.cookie(SESSION).unwrap(), before);
    says(&browser.open(OWN).await.is(200), "Add a passkey");
    browser.ask(Method::POST, REMOVE).form(&remove_form()).await.is(403);
}

fn remove_form() -> String {
    format!("form={}&passkey=psk_00000000000000000000000001", "0".repeat(64))
}

#[tokio::test]
async fn who_phished_a_code_adds_no_passkey_beside_the_owners() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let (owner, thief) = (acme.browser(), acme.browser());
    owner.sign_in(&mara).await;
    thief.sign_in(&mara).await;
    let (mut device, mut evil) = (Authenticator::default(), Authenticator::default());
    let asked = options_on(thief.open(OWN).await.is(200).bytes(), OWN);
    create(&owner, OWN, OWN, &mut device).await.is(303);

    // Also with a page from before there was one.
    let fields = evil.create(&asked);
    let refused = thief.send(OWN, &borrowed(&fields)).await.is(401);

    says(&refused, "cannot be phished");
    sign_in(&acme.browser(), &mut evil).await.is(403);
}

#[tokio::test]
async fn a_passkey_is_added_soon_after_a_proof_only() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    platform.clock().advance(minutes(16));

    let mut device = Authenticator::default();
    create(&browser, OWN, OWN, &mut device).await.is(401);

    sign_in(&acme.browser(), &mut device).await.is(403);
}

#[tokio::test]
async fn the_last_passkey_of_who_cannot_do_without_stays() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let browser = acme.browser();
    sign_in(&browser, &mut device).await.is(303);
    browser.open(OWN).await.is(200);

    // The form of the only one.
    let refused = browser.send(REMOVE, &[]).await.is(409);
    says(&refused, "You cannot do without this passkey");

    let mut second = Authenticator::default();
    create(&browser, OWN, OWN, &mut second).await.is(303);
    browser.open(OWN).await.is(200);
    browser.send(REMOVE, &[]).await.is(303);
    sign_in(&acme.browser(), &mut device).await.is(403);
    sign_in(&acme.browser(), &mut second).await.is(303);
}

#[tokio::test]
async fn who_has_a_password_beside_it_may_remove_the_last_one() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    let mut device = Authenticator::default();
    create(&browser, OWN, OWN, &mut device).await.is(303);
    sign(&browser, "/staff/step-up", STEP_UP, &mut device).await.is(303);
    browser.open(OWN).await.is(200);

    browser.send(REMOVE, &[]).await.is(303);

    sign_in(&acme.browser(), &mut device).await.is(403);
    acme.browser().sign_in(&mara).await;
}

#[tokio::test]
async fn a_passkey_of_somebody_else_proves_nothing_again() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut mara = enrolled(&acme, "mara", Role::Recruiter).await;
    let mut ada = enrolled(&acme, "ada", Role::Recruiter).await;
    let browser = acme.browser();
    sign_in(&browser, &mut mara).await.is(303);

    sign(&browser, "/staff/step-up", STEP_UP, &mut ada).await.is(403);

    sign(&browser, "/staff/step-up", STEP_UP, &mut mara).await.is(303);
}

#[tokio::test]
async fn an_answer_is_for_the_question_that_was_asked() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let browser = acme.browser();
    let options = options_on(browser.open("/staff/sign-in").await.bytes(), SIGN_IN);
    let at_the_door = browser.hidden_of(SIGN_IN, "asked");
    sign_in(&browser, &mut device).await.is(303);
    browser.open("/staff/step-up").await.is(200);
    let mut fields = device.get(&options);
    fields.push(("asked", at_the_door));
    let form = browser.hidden_of(STEP_UP, "form");
    fields.push(("form", form));

    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    browser.ask(Method::POST, STEP_UP).form(&pairs.join("&")).await.is(403);
}

#[tokio::test]
async fn one_device_enrols_one_person_and_a_wrong_answer_uses_no_link_up() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let page = format!("/staff/enrol/{}", invited.link);
    let browser = acme.browser();
    let mut device = Authenticator::default();
    device.odd.flags = PRESENT;
    says(&create(&browser, &page, ENROL, &mut device).await.is(422), "not accepted");
    device.odd = testkit::authenticator::Odd::default();

    create(&browser, &page, ENROL, &mut device).await.is(200);

    sign_in(&acme.browser(), &mut device).await.is(303);
}

#[tokio::test]
async fn a_new_link_takes_old_passkeys_away() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let mut lost = enrol(&acme, &invited).await;
    let link = acme.invite(invited.user).await;

    let mut found = enrol(&acme, &Invited { link, ..invited }).await;

    sign_in(&acme.browser(), &mut lost).await.is(403);
    sign_in(&acme.browser(), &mut found).await.is(303);
}

#[tokio::test]
async fn every_proof_is_recorded_and_nothing_of_the_key_with_it() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mut device = enrolled(&acme, "mara", Role::Recruiter).await;
    let options = options_on(acme.browser().open("/staff/sign-in").await.bytes(), SIGN_IN);
    let id = device.get(&options)[0].1.clone();
    sign_in(&acme.browser(), &mut device).await.is(303);

    let trail = acme.audit().await;

    let proofs = trail.iter().filter(|entry| entry["auth_protocol"] == "passkey");
    assert_eq!(proofs.count(), 1);
    assert!(!serde_json::to_string(&trail).unwrap().contains(&id));
}

#[tokio::test]
async fn who_removes_the_last_one_is_told_apart_in_the_log() {
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.at_work("mara", Role::Recruiter).await;
    mara.browser.open(OWN).await.is(200);

    mara.browser.send(REMOVE, &[]).await.is(409);

    drop((mara, acme));
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"staff.last_passkey""#), "{lines}");
}
