//! The two-person rule: what one administrator asks for and another one decides, by one statement.

use std::time::Duration;

use kernel::{ProposalId, Timestamp, UserId};
use policy::Role;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entities::staff_proposal::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::staff::{parse_roles, print_roles};
use crate::{StoreError, TenantTx, TenantView};

/// Something that waits for a second administrator, or did.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// What is asked for.
    pub asked: Asked,
    /// About whom.
    pub user: UserId,
    /// Who asked.
    pub requested_by: UserId,
    /// When.
    pub requested_at: Timestamp,
    /// Nobody can agree to it any more from here on.
    pub expires_at: Timestamp,
    /// What became of it, by whom and when.
    pub decision: Option<Decision>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// These roles, and no other.
    Roles(Vec<Role>),
    /// To let somebody in again who was let go.
    Reactivation,
    /// A new link to enrol by.
    Enrolment,
    /// The next signing key; about nobody but who asked.
    KeyRotation,
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub outcome: Outcome,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// What can become of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A second administrator agreed, and it is done.
    Approved,
    /// Somebody did not agree, or took it back.
    Refused,
    /// A later proposal took its place, or nobody decided in time.
    Superseded,
}

/// Writes a proposal down. One about the same that was open, is not any more.
///
/// # Errors
/// When the database fails.
pub async fn open(
    tx: &mut TenantTx,
    (user, asked): (UserId, Asked),
    by: UserId,
) -> Result<Proposal, StoreError> {
    let now = tx.real_now();
    let before = tx.find::<Entity>().filter(Column::StaffId.eq(user.uuid()));
    let before = before.filter(Column::Kind.eq(asked.kind())).filter(Column::Outcome.is_null());
    for row in before.all(&tx.session).await? {
        let old = Proposal::try_from(row)?;
        close(tx, &old, (Outcome::Superseded, by), None).await?;
    }
    let proposal = Proposal {
        id: ProposalId::new(tx.clock()),
        asked,
        user,
        requested_by: by,
        requested_at: now,
        expires_at: now.plus(PROPOSAL_LIFE),
        decision: None,
    };
    let row = ActiveModel {
        id: Set(proposal.id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        staff_id: Set(user.uuid()),
        kind: Set(proposal.asked.kind().to_owned()),
        roles: Set(print_roles(proposal.asked.roles())),
        requested_by: Set(by.uuid()),
        requested_at: Set(now.millis()),
        expires_at: Set(proposal.expires_at.millis()),
        decided_by: Set(None),
        decided_at: Set(None),
        outcome: Set(None),
    };
    tx.insert(row, record(proposal.id, Change::Created, Some("staff_proposal.opened"))).await?;
    Ok(proposal)
}

/// The tenant's proposals, the newest first; at most [`LISTED_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView) -> Result<Vec<Proposal>, StoreError> {
    let rows = view.find::<Entity>().order_by_desc(Column::Id).limit(LISTED_MAX);
    rows.all(&view.session).await?.into_iter().map(Proposal::try_from).collect()
}

/// One of the tenant's proposals.
///
/// # Errors
/// [`StoreError::Missing`] when there is none of this id, or the database fails.
pub async fn require(view: &TenantView, id: ProposalId) -> Result<Proposal, StoreError> {
    let found = view.find::<Entity>().filter(Column::Id.eq(id.uuid()));
    found.one(&view.session).await?.ok_or(StoreError::Missing)?.try_into()
}

/// Agrees to a proposal, or not: whether it was still open, and for an agreement somebody else's.
/// One statement, so that of two at once one decides.
///
/// # Errors
/// When the database fails.
pub async fn decide(
    tx: &mut TenantTx,
    read: &Proposal,
    (outcome, by): (Outcome, UserId),
) -> Result<bool, StoreError> {
    let event = match outcome {
        Outcome::Approved => "staff_proposal.approved",
        Outcome::Refused | Outcome::Superseded => "staff_proposal.refused",
    };
    close(tx, read, (outcome, by), Some(event)).await
}

async fn close(
    tx: &mut TenantTx,
    read: &Proposal,
    (outcome, by): (Outcome, UserId),
    event: Option<&'static str>,
) -> Result<bool, StoreError> {
    let now = tx.real_now().millis();
    let update = Entity::update_many()
        .col_expr(Column::Outcome, outcome.name().into())
        .col_expr(Column::DecidedBy, by.uuid().into())
        .col_expr(Column::DecidedAt, now.into())
        .filter(Column::Id.eq(read.id.uuid()))
        .filter(Column::Outcome.is_null());
    // INVARIANT: nobody agrees with themselves, whatever was checked before.
    let update = match outcome {
        Outcome::Approved => {
            update.filter(Column::RequestedBy.ne(by.uuid())).filter(Column::ExpiresAt.gt(now))
        }
        Outcome::Refused | Outcome::Superseded => update,
    };
    tx.update(update, record(read.id, Change::Updated, event)).await
}

impl Asked {
    /// The stable name, as rows and answers write it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Roles(_) => "roles",
            Self::Reactivation => "reactivation",
            Self::Enrolment => "enrolment",
            Self::KeyRotation => "key_rotation",
        }
    }

    /// The roles that are asked for.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        match self {
            Self::Roles(roles) => roles,
            Self::Reactivation | Self::Enrolment | Self::KeyRotation => &[],
        }
    }
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Approved, Self::Refused, Self::Superseded];

    /// The stable name, as rows and answers write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }
}

fn record(id: ProposalId, change: Change, event: Option<&'static str>) -> Record {
    let fields = match change {
        Change::Created => &["roles"][..],
        Change::Updated | Change::Deleted => &["outcome"],
    };
    Record {
        resource: "staff_proposal",
        id: id.uuid(),
        printed: id.to_string(),
        version: if change == Change::Created { 1 } else { 2 },
        change,
        event,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

impl TryFrom<Model> for Proposal {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "staff_proposal",
            id: row.id.to_string(),
            what: what.to_owned(),
        };
        let roles = parse_roles(&row.roles).ok_or_else(|| odd("roles"))?;
        let kinds =
            [Asked::Roles(roles), Asked::Reactivation, Asked::Enrolment, Asked::KeyRotation];
        let asked = kinds.into_iter().find(|asked| asked.kind() == row.kind);
        let decision = match (&row.outcome, row.decided_by, row.decided_at) {
            (None, None, None) => None,
            (Some(name), Some(by), Some(at)) => {
                let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
                let outcome = outcome.ok_or_else(|| odd("outcome"))?;
                let (by, at) = (UserId::from_uuid(by), Timestamp::from_millis(at));
                Some(Decision { outcome, by, at })
            }
            _ => return Err(odd("decided_by")),
        };
        Ok(Self {
            id: ProposalId::from_uuid(row.id),
            asked: asked.ok_or_else(|| odd("kind"))?,
            user: UserId::from_uuid(row.staff_id),
            requested_by: UserId::from_uuid(row.requested_by),
            requested_at: Timestamp::from_millis(row.requested_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            decision,
        })
    }
}

/// How long a second administrator has to decide.
pub const PROPOSAL_LIFE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// The most proposals that are listed.
pub const LISTED_MAX: u64 = 200;
