//! The two-person rule: what counts once, counts once, on both databases.

use futures_util::future::join_all;
use kernel::{TenantId, UserId};
use policy::Role;
use signin::SignInIndex;
use store::staff::{self, Status};
use store::staff_proposals::{self, Asked, Outcome, Proposal};

use crate::base::{Base, on_both};
use crate::staff::{enrolled, enrolled_as};

async fn open(base: &Base, tenant: TenantId, by: UserId) -> Proposal {
    let mut tx = base.change(tenant).await;
    let asked = Asked::Roles(vec![Role::Recruiter]);
    let proposal = staff_proposals::open(&mut tx, (by, asked), by).await.unwrap();
    tx.commit(None).await.unwrap();
    proposal
}

async fn decide(
    base: &Base,
    tenant: TenantId,
    proposal: &Proposal,
    told: (Outcome, UserId),
) -> bool {
    let mut tx = base.change(tenant).await;
    let is_done = staff_proposals::decide(&mut tx, proposal, told).await.unwrap();
    tx.commit(None).await.unwrap();
    is_done
}

#[tokio::test]
async fn nobody_agrees_with_themselves_whatever_was_checked_before() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        let proposal = open(base, acme, mara).await;

        assert!(!decide(base, acme, &proposal, (Outcome::Approved, mara)).await);
        assert!(decide(base, acme, &proposal, (Outcome::Refused, mara)).await);
    })
    .await;
}

#[tokio::test]
async fn of_many_decisions_at_once_one_counts() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        let proposal = open(base, acme, mara).await;
        let other = UserId::new(base.clock.as_ref());

        let all = (0..8).map(|_| decide(base, acme, &proposal, (Outcome::Approved, other)));
        let done = join_all(all).await;

        assert_eq!(done.iter().filter(|is_done| **is_done).count(), 1);
        let tx = base.change(acme).await;
        let now = staff_proposals::require(&tx, proposal.id).await.unwrap();
        assert_eq!(now.decision.unwrap().by, other);
    })
    .await;
}

#[tokio::test]
async fn nobody_agrees_too_late_and_a_later_proposal_takes_the_place() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        let other = UserId::new(base.clock.as_ref());
        let first = open(base, acme, mara).await;
        let second = open(base, acme, mara).await;

        assert!(!decide(base, acme, &first, (Outcome::Approved, other)).await);
        base.clock.advance(staff_proposals::PROPOSAL_LIFE);
        assert!(!decide(base, acme, &second, (Outcome::Approved, other)).await);
        assert!(decide(base, acme, &second, (Outcome::Refused, other)).await);
    })
    .await;
}

/// Lets somebody go, if another one of the role is left.
async fn let_go(base: &Base, tenant: TenantId, user: UserId) -> bool {
    let mut tx = base.change(tenant).await;
    let left = staff::active_with(&mut tx, Role::Recruiter).await.unwrap();
    let account = staff::require(&tx, user).await.unwrap();
    if left.len() < 2 || account.status != Status::Active {
        return false;
    }
    staff::deactivate(&mut tx, &account).await.unwrap();
    tx.commit(None).await.unwrap();
    true
}

#[tokio::test]
async fn of_two_who_are_let_go_at_once_one_stays() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        let rui = enrolled_as(base, acme, SignInIndex([8; 32])).await;

        let (one, other) = tokio::join!(let_go(base, acme, mara), let_go(base, acme, rui));

        assert!(one != other, "one of the two");
        let mut tx = base.change(acme).await;
        assert_eq!(staff::active_with(&mut tx, Role::Recruiter).await.unwrap().len(), 1);
    })
    .await;
}
