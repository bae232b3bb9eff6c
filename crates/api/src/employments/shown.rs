//! An employment as a caller may see it.

use std::collections::BTreeMap;

use kernel::{EmploymentId, Purpose, Timestamp};
use serde::Serialize;
use serde_json::Value;
use staffing::calendar::Date;
use staffing::employment::life::{EmploymentStatus, EndReason};
use staffing::employment::worker::{Mask, masked};
use staffing::employment::{EmploymentDraft, SENSITIVE};
use store::TenantView;
use store::employments::Employment;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::may::May;
use crate::reply::Refused;
use crate::view::{Meta, View};

/// An employment.
pub(crate) type EmploymentView = View<Open, EmploymentFacts>;

/// The members of a draft without the sensitive ones.
pub(crate) struct Open;

/// What we know about an employment besides what was written. Personal members, and the masks of
/// sensitive ones, are shown only to callers with the scope `read:employments.pii`.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmploymentFacts {
    /// Its id.
    id: EmploymentId,
    /// Where it stands.
    status: EmploymentStatus,
    /// Whether the start date is confirmed: the work has begun.
    start_date_confirmed: bool,
    /// When it was submitted.
    submitted_at: Option<Timestamp>,
    /// When it was approved.
    approved_at: Option<Timestamp>,
    /// When the work began.
    activated_at: Option<Timestamp>,
    /// Last day of work, once it is known.
    last_day: Option<Date>,
    /// Why it ends.
    end_reason: Option<EndReason>,
    /// When it ended or was cancelled.
    closed_at: Option<Timestamp>,
    /// Sensitive members that are there, behind masks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sensitive: Option<BTreeMap<String, Mask>>,
    /// Counts its changes from 1; also its ETag.
    version: i64,
    /// Who wrote it down.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

impl Meta for EmploymentFacts {
    const VIEW: &'static str = "Employment";
}

impl PartialSchema for Open {
    fn schema() -> RefOr<Schema> {
        let mut schema = EmploymentDraft::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.retain(|name, _| !SENSITIVE.contains(&name.as_str()));
        }
        schema
    }
}

impl ToSchema for Open {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        EmploymentDraft::schemas(schemas);
    }
}

/// An employment as this caller may see it. What is about the person stays sealed unless it is
/// shown.
pub(super) fn view(
    tenant: &TenantView,
    employment: &Employment,
    may: &May<'_>,
) -> Result<EmploymentView, Refused> {
    let is_personal = may.does("employment.read_pii");
    let mut document = if is_personal {
        employment.personal(tenant, Purpose::Answer)?.open(Purpose::Answer).clone()
    } else {
        employment.terms.clone()
    };
    if !may.does("employment.read_confidential") {
        document.as_object_mut().map(|members| members.remove("bill_rate"));
    }
    let sensitive = is_personal.then(|| masks(tenant, employment)).transpose()?;
    let facts = facts(employment, sensitive);
    Ok(View::new(document, facts))
}

fn facts(employment: &Employment, sensitive: Option<BTreeMap<String, Mask>>) -> EmploymentFacts {
    let life = employment.life;
    EmploymentFacts {
        id: employment.id,
        status: life.status,
        start_date_confirmed: life.activated_at.is_some(),
        submitted_at: life.submitted_at,
        approved_at: life.approved_at,
        activated_at: life.activated_at,
        last_day: life.last_day,
        end_reason: life.end_reason,
        closed_at: life.closed_at,
        sensitive,
        version: employment.version,
        created_by: employment.created_by.clone(),
        created_at: employment.created_at,
        updated_at: employment.updated_at,
    }
}

fn masks(tenant: &TenantView, employment: &Employment) -> Result<BTreeMap<String, Mask>, Refused> {
    let opened = employment.sensitive(tenant, Purpose::Mask)?;
    let members = opened.open(Purpose::Mask).as_object().into_iter().flatten();
    Ok(members
        .map(|(name, value): (&String, &Value)| (name.clone(), masked(name, value)))
        .collect())
}
