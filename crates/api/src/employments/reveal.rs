//! Showing sensitive members, to who may see them and says why. Each look is in the audit trail
//! before it is answered.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::id::kinds::Employment as EmploymentKind;
use kernel::{EmploymentId, EventId, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use staffing::employment::form::CountryData;
use staffing::employment::worker::{BankAccount, NationalId};
use store::employments;
use utoipa::ToSchema;
use watch::{Disclosure, Event};

use super::own;
use crate::extract::{At, Body, Facts, Permit};
use crate::reply::{Answer, Reply};

/// What to show, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reveal {
    /// Which members.
    #[schema(min_items = 1, max_items = 5)]
    fields: Vec<SensitiveField>,
    /// Why.
    reason: RevealReason,
    /// The case it is for: a ticket, a payroll run. Nothing personal.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+([._/#-][A-Za-z0-9]+)*$")]
    reference: Option<String>,
}

/// A sensitive member.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SensitiveField {
    /// Date of birth.
    DateOfBirth,
    /// Number in a register of persons.
    NationalId,
    /// Tax number.
    TaxId,
    /// Bank account.
    BankAccount,
    /// What the country's form asks for.
    CountryData,
}

/// Why somebody needs to see it.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevealReason {
    /// Wages are paid.
    Payroll,
    /// Taxes or contributions are filed.
    TaxFiling,
    /// The right to work is checked.
    RightToWork,
    /// The worker asks to see or mend it.
    WorkerRequest,
    /// An authority asks.
    LegalRequest,
    /// Something is wrong with it.
    Correction,
}

/// Sensitive members in the clear.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revealed {
    /// Whose.
    id: EmploymentId,
    /// The version that they are of.
    version: i64,
    /// Those of the members asked for that are there.
    #[schema(value_type = SensitiveMembers)]
    revealed: Map<String, Value>,
}

/// The shapes of sensitive members.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SensitiveMembers {
    /// Date of birth.
    date_of_birth: Option<String>,
    /// Number in a register of persons.
    national_id: Option<NationalId>,
    /// Tax number.
    tax_id: Option<String>,
    /// Bank account.
    bank_account: Option<BankAccount>,
    /// What the country's form asks for.
    country_data: Option<CountryData>,
}

/// Show sensitive members of an employment.
///
/// A person needs a fresh sign-in with two factors; an application sees only what it wrote
/// down itself. The look is in the audit trail with its reason before it is answered.
#[utoipa::path(
    post, path = "/v1/employments/{id}/reveal", operation_id = "employment.reveal",
    tag = "Employments",
    params(("id" = String, Path, pattern = "^emp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = Reveal,
    responses((status = 200, description = "In the clear", body = Revealed)),
    extensions(("x-ringwall" = json!({
        "action": "employment.reveal", "sensitive": "high", "body_max": 4096
    })))
)]
pub(crate) async fn reveal(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<EmploymentKind>,
    Body(asked): Body<Reveal>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    let employment = employments::require(&tenant, id).await?;
    own(&permit, &employment)?;
    let opened = employment.sensitive(&tenant, Purpose::Reveal)?;
    let mut revealed = Map::new();
    for name in asked.fields.iter().map(|field| name(*field)) {
        if let Some(value) = opened.open(Purpose::Reveal).get(&name) {
            revealed.insert(name, value.clone());
        }
    }
    let witness = dossier.witness();
    let disclosure = Disclosure {
        operation: witness.operation,
        resource_type: "employment",
        resource_id: id.to_string(),
        version: employment.version,
        fields: revealed.keys().cloned().collect(),
        purpose: purpose(&asked),
        policies: permit.policies().iter().map(ToString::to_string).collect(),
    };
    let actor = store::actor(permit.caller());
    let event_id = EventId::new(app.clock.as_ref());
    // control: no sensitive value leaves before its disclosure is on disk.
    app.recorder.witness(Event::disclosure(event_id, &witness.scene, &actor, disclosure)).await?;
    let version = employment.version;
    Reply::ok(&Revealed { id, version, revealed })
}

fn purpose(asked: &Reveal) -> String {
    let reason = name(asked.reason);
    match &asked.reference {
        Some(reference) => format!("{reason}: {reference}"),
        None => reason,
    }
}

/// The name of an enum's value as the contract writes it.
fn name(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().map(ToOwned::to_owned).unwrap_or_default()
}
