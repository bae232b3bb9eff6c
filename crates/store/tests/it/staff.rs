//! People who sign in: what counts once, counts once, on both databases.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Email, Line, Pii, Secret, TenantId, UserId};
use policy::{Environment, Role};
use signin::{Life, Proven, SignInIndex, Steps, Ticket};
use store::staff::{self, Credentials, ENROLMENT_LIFE, NewAccount, Status, WithPassword};
use store::staff_sessions::{self, NewSession};
use store::{StoreError, sign_in_delays};

use crate::base::{Base, on_both};

const INDEX: SignInIndex = SignInIndex([7; 32]);

async fn take_on(base: &Base, tenant: TenantId, index: SignInIndex) -> Result<UserId, StoreError> {
    let mut tx = base.change(tenant).await;
    let new = NewAccount {
        index,
        email: Pii::new(Email::parse("mara@acme.example").unwrap()),
        name: Pii::new(Line::parse("Mara Silva").unwrap()),
        roles: vec![Role::Recruiter],
    };
    let user = staff::add(&mut tx, new).await?;
    tx.commit(None).await?;
    Ok(user)
}

pub(crate) async fn invite(base: &Base, tenant: TenantId, user: UserId) -> Ticket {
    let mut tx = base.change(tenant).await;
    let link = Ticket::generate();
    let until = tx.real_now().plus(ENROLMENT_LIFE);
    staff::invite(&mut tx, user, (link.hash(), until)).await.unwrap();
    tx.commit(None).await.unwrap();
    link
}

fn credentials(step: i64) -> Credentials {
    with_codes(step, vec![[1; 32], [2; 32]])
}

fn with_codes(step: i64, recovery_codes: Vec<[u8; 32]>) -> Credentials {
    Credentials::Password(WithPassword {
        password: Secret::new("$argon2id$".to_owned()),
        totp_secret: Secret::new(vec![9; 20]),
        totp_step: step,
        recovery_codes,
    })
}

async fn enrol(base: &Base, tenant: TenantId, user: UserId, link: &Ticket) -> bool {
    let mut tx = base.change(tenant).await;
    let is_done = staff::enrol(&mut tx, user, &link.hash(), credentials(10)).await.unwrap();
    tx.commit(None).await.unwrap();
    is_done
}

/// Somebody of a new tenant who has enrolled.
pub(crate) async fn enrolled(base: &Base) -> (TenantId, UserId) {
    let acme = base.found("acme").await;
    (acme, enrolled_as(base, acme, INDEX).await)
}

/// The same, of a tenant that is there.
pub(crate) async fn enrolled_as(base: &Base, acme: TenantId, index: SignInIndex) -> UserId {
    let user = take_on(base, acme, index).await.unwrap();
    let link = invite(base, acme, user).await;
    let mut tx = base.change(acme).await;
    let credentials = match index == INDEX {
        true => credentials(10),
        // Recovery codes are one person's.
        false => with_codes(10, vec![index.0]),
    };
    assert!(staff::enrol(&mut tx, user, &link.hash(), credentials).await.unwrap());
    tx.commit(None).await.unwrap();
    user
}

#[tokio::test]
async fn two_accounts_of_one_name_are_refused() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        take_on(base, acme, INDEX).await.unwrap();

        let again = take_on(base, acme, INDEX).await;

        assert!(matches!(again, Err(StoreError::Taken(_))), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn a_link_enrols_once() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let user = take_on(base, acme, INDEX).await.unwrap();
        let link = invite(base, acme, user).await;

        let all = join_all((0..8).map(|_| enrol(base, acme, user, &link))).await;

        assert_eq!(all.iter().filter(|is_done| **is_done).count(), 1);
        let now = base.scene().at;
        assert!(staff::enrolment(&base.store, &link.hash(), now).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_link_that_is_over_is_not_found() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let user = take_on(base, acme, INDEX).await.unwrap();
        let (first, second) = (invite(base, acme, user).await, invite(base, acme, user).await);
        let now = base.scene().at;
        let find = async |link: &Ticket, at| {
            staff::enrolment(&base.store, &link.hash(), at).await.unwrap().is_some()
        };

        assert!(!find(&first, now).await, "another took its place");
        assert!(!find(&Ticket::generate(), now).await, "it never was");
        assert!(!find(&second, now.plus(ENROLMENT_LIFE)).await, "it is too old");
        assert!(find(&second, now).await);
        base.clock.advance(ENROLMENT_LIFE);
        assert!(!enrol(base, acme, user, &second).await);
    })
    .await;
}

#[tokio::test]
async fn of_many_with_one_code_at_once_one_wins() {
    on_both(async |base| {
        let (acme, user) = enrolled(base).await;
        let take = async |step| {
            let mut tx = base.change(acme).await;
            let is_taken = staff::take_step(&mut tx, user, step).await.unwrap();
            tx.commit(None).await.unwrap();
            is_taken
        };

        let all = join_all((0..32).map(|_| take(11))).await;

        assert_eq!(all.iter().filter(|is_taken| **is_taken).count(), 1);
        assert!(!take(10).await, "a step before");
        assert!(take(12).await);
    })
    .await;
}

#[tokio::test]
async fn a_recovery_code_is_taken_once() {
    on_both(async |base| {
        let (acme, user) = enrolled(base).await;
        let take = async |code: [u8; 32]| {
            let mut tx = base.change(acme).await;
            let is_taken = staff::take_recovery_code(&mut tx, user, &code).await.unwrap();
            tx.commit(None).await.unwrap();
            is_taken
        };

        let all = join_all((0..16).map(|_| take([1; 32]))).await;

        assert_eq!(all.iter().filter(|is_taken| **is_taken).count(), 1);
        assert!(!take([3; 32]).await);
        let view = base.view(acme).await;
        assert_eq!(staff::recovery_codes_left(&view, user).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_is_let_go_has_no_session_and_takes_no_code() {
    on_both(async |base| {
        let (acme, user) = enrolled(base).await;
        let ticket = Ticket::generate();
        let mut tx = base.change(acme).await;
        let new = NewSession {
            user,
            environment: Environment::Production,
            roles: vec![Role::Recruiter],
            proven: Proven::Code,
            vouched: None,
            ticket: ticket.hash(),
            agent: "Firefox".to_owned(),
            life: Life::STAFF,
            signed_in_at: tx.real_now(),
        };
        staff_sessions::begin(&mut tx, new).await.unwrap();
        let account = staff::require(&tx, user).await.unwrap();
        tx.commit(None).await.unwrap();

        let mut tx = base.change(acme).await;
        staff::deactivate(&mut tx, &account).await.unwrap();
        assert!(!staff::take_step(&mut tx, user, 99).await.unwrap());
        tx.commit(None).await.unwrap();

        let session = staff_sessions::find(&base.store, &ticket.hash()).await.unwrap().unwrap();
        assert!(session.ended_at.is_some());
        let found = staff::find(&base.store, &INDEX).await.unwrap().unwrap();
        assert_eq!(found.account.status, Status::Deactivated);
    })
    .await;
}

#[tokio::test]
async fn a_session_and_its_end_are_written_and_pruned() {
    on_both(async |base| {
        let (acme, user) = enrolled(base).await;
        let ticket = Ticket::generate();
        let mut tx = base.change(acme).await;
        let signed_in_at = tx.real_now();
        let new = NewSession {
            user,
            environment: Environment::Production,
            roles: vec![Role::Recruiter, Role::SystemAdmin],
            proven: Proven::Code,
            vouched: None,
            ticket: ticket.hash(),
            agent: "Firefox".to_owned(),
            life: Life::ADMINISTRATOR,
            signed_in_at,
        };
        let id = staff_sessions::begin(&mut tx, new).await.unwrap();
        tx.commit(None).await.unwrap();
        let later = signed_in_at.plus(Duration::from_secs(60));
        staff_sessions::seen(&base.store, (acme, id), later).await.unwrap();
        staff_sessions::seen(&base.store, (acme, id), signed_in_at).await.unwrap();

        let found = staff_sessions::find(&base.store, &ticket.hash()).await.unwrap().unwrap();

        assert_eq!((found.id, found.user, found.tenant), (id, user, acme));
        assert_eq!(found.roles, [Role::Recruiter, Role::SystemAdmin]);
        assert_eq!((found.seen_at, found.idle), (later, Life::ADMINISTRATOR.idle));
        let other = staff_sessions::find(&base.store, &Ticket::generate().hash()).await.unwrap();
        assert!(other.is_none());
        let mut tx = base.change(acme).await;
        staff_sessions::end(&mut tx, user, id).await.unwrap();
        let twice = staff_sessions::end(&mut tx, user, id).await;
        assert!(matches!(twice, Err(StoreError::Missing)), "{twice:?}");
        tx.commit(None).await.unwrap();
        let end = found.expires_at.plus(Duration::from_secs(1));
        assert_eq!(staff_sessions::prune(&base.store, end).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_many_attempts_at_once_no_more_are_looked_at_than_are_free() {
    on_both(async |base| {
        let second = Duration::from_secs(1);
        let hour = Duration::from_secs(3600);
        let steps = Steps { free: 3, first: second, most: Duration::from_secs(8), forgets: hour };
        let subjects = [([1; 32], steps), ([2; 32], Steps { free: 100, ..steps })];
        let now = base.scene().at;
        let attempt = async |at| sign_in_delays::attempt(&base.store, &subjects, at).await.unwrap();

        let all = join_all((0..32).map(|_| attempt(now))).await;

        let looked_at = all.iter().filter(|one| one.is_ok()).count();
        assert_eq!(looked_at, 4, "three are free, and the fourth begins the wait");
        assert!(all.iter().all(|one| one.is_ok() || *one == Err(second)));
        // What was refused was not counted, by any subject.
        assert_eq!(sign_in_delays::failures(&base.store, &[2; 32]).await.unwrap(), 4);
        assert_eq!(attempt(now.plus(second)).await, Ok(()));
        assert_eq!(attempt(now.plus(second)).await, Err(second * 2));
        sign_in_delays::take_back(&base.store, &[2; 32]).await.unwrap();
        assert_eq!(sign_in_delays::failures(&base.store, &[2; 32]).await.unwrap(), 4);
        sign_in_delays::forget(&base.store, &[[1; 32]]).await.unwrap();
        assert_eq!(attempt(now.plus(second)).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn failures_of_yesterday_do_not_slow_today() {
    on_both(async |base| {
        let first = Duration::from_secs(1);
        let steps = Steps {
            free: 1,
            first,
            most: Duration::from_secs(8),
            forgets: Duration::from_secs(60),
        };
        let subjects = [([1; 32], steps)];
        let now = base.scene().at;
        let tomorrow = now.plus(Duration::from_secs(25 * 60 * 60));
        for seconds in [0, 10, 20] {
            let at = now.plus(Duration::from_secs(seconds));
            let done = sign_in_delays::attempt(&base.store, &subjects, at).await.unwrap();
            assert_eq!(done, Ok(()));
        }

        let again = sign_in_delays::attempt(&base.store, &subjects, tomorrow).await.unwrap();

        assert_eq!(again, Ok(()));
        assert_eq!(sign_in_delays::failures(&base.store, &[1; 32]).await.unwrap(), 1);
        let later = tomorrow.plus(Duration::from_secs(25 * 60 * 60));
        assert_eq!(sign_in_delays::prune(&base.store, later).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_could_come_past_the_provider_is_counted_an_agency_and_told_each_time() {
    on_both(async |base| {
        let (tenant, user) = enrolled(base).await;
        let other = base.found("zeta").await;
        let waiting = take_on(base, tenant, SignInIndex([8; 32])).await.unwrap();
        for user in [user, waiting] {
            let mut tx = base.change(tenant).await;
            let account = staff::require(&tx, user).await.unwrap();
            staff::set_break_glass(&mut tx, &account, true).await.unwrap();
            tx.commit(None).await.unwrap();
        }

        let mut tx = base.change(tenant).await;
        let account = staff::require(&tx, user).await.unwrap();
        // Who has not enrolled has nothing to prove themselves with.
        assert_eq!(staff::count_break_glass(&tx).await.unwrap(), 1);
        staff::came_past_provider(&mut tx, &account);
        tx.commit(None).await.unwrap();

        let elsewhere = base.store.view(&base.permit(other)).await.unwrap();
        assert_eq!(staff::count_break_glass(&elsewhere).await.unwrap(), 0);
        drop(elsewhere);
        let last = "select kind from outbox order by seq desc limit 1";
        assert_eq!(base.raw.column::<String>(last).await, ["staff.break_glass_used"]);
    })
    .await;
}
