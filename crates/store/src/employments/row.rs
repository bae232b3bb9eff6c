//! An employment as a row, and back.

use sea_orm::{ActiveModelTrait, IntoActiveModel};
use staffing::calendar::Date;

use super::{
    Employment, EmploymentId, EmploymentStatus, Indexes, Level, Sealed, StoreError, TABLE,
    TenantTx, Timestamp, Value, inconsistent,
};
use crate::entities::employment::{ActiveModel, Model};
use crate::search;

pub(super) fn of(tx: &TenantTx, employment: &Employment) -> Result<ActiveModel, StoreError> {
    let gist = employment.gist()?;
    let (personal, sensitive) = (&employment.personal, &employment.sensitive);
    let text = |name: &str| employment.terms.get(name).and_then(Value::as_str);
    let flag = |name: &str| employment.terms.get(name).and_then(Value::as_bool);
    let model = Model {
        id: employment.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        candidate_id: gist.candidate_id.uuid(),
        client_id: gist.client_id.uuid(),
        external_ref: text("external_ref").map(ToOwned::to_owned),
        status: employment.life.status.as_str().to_owned(),
        country: text("country").unwrap_or_default().to_owned(),
        concurrent_ok: flag("concurrent_ok").unwrap_or(false),
        due_on: due_on(employment, gist.start_date).map(|day| day.to_string()),
        life: search::json(&employment.life),
        terms: employment.terms.clone(),
        amendments: search::json(&employment.amendments),
        legal_given_name: personal.column("legal_given_name"),
        legal_family_name: personal.column("legal_family_name"),
        personal_email: personal.column("personal_email"),
        work_email: personal.column("work_email"),
        phone: personal.column("phone"),
        address: personal.column("address"),
        date_of_birth: sensitive.column("date_of_birth"),
        national_id: sensitive.column("national_id"),
        tax_id: sensitive.column("tax_id"),
        bank_account: sensitive.column("bank_account"),
        country_data: sensitive.column("country_data"),
        personal_email_index: employment.indexes.personal_email.clone(),
        work_email_index: employment.indexes.work_email.clone(),
        phone_index: employment.indexes.phone.clone(),
        created_by: employment.created_by.clone(),
        created_at: employment.created_at.millis(),
        updated_at: employment.updated_at.millis(),
        version: employment.version,
    };
    Ok(model.into_active_model().reset_all())
}

/// The next day that brings something by itself.
fn due_on(employment: &Employment, start_date: Date) -> Option<Date> {
    let life = employment.life;
    let move_on = match life.status {
        EmploymentStatus::Onboarding => Some(start_date),
        EmploymentStatus::Offboarding => life.last_day,
        _ => None,
    };
    let terms = employment.amendments.due().filter(|_| !life.status.is_closed());
    move_on.into_iter().chain(terms).min()
}

impl TryFrom<Model> for Employment {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = EmploymentId::from_uuid(row.id);
        let personal = vec![
            ("legal_given_name", row.legal_given_name),
            ("legal_family_name", row.legal_family_name),
            ("personal_email", row.personal_email),
            ("work_email", row.work_email),
            ("phone", row.phone),
            ("address", row.address),
        ];
        let sensitive = vec![
            ("date_of_birth", row.date_of_birth),
            ("national_id", row.national_id),
            ("tax_id", row.tax_id),
            ("bank_account", row.bank_account),
            ("country_data", row.country_data),
        ];
        let at = (TABLE, row.id);
        Ok(Self {
            id,
            life: serde_json::from_value(row.life).map_err(|_| inconsistent(id, "life"))?,
            terms: row.terms,
            amendments: serde_json::from_value(row.amendments)
                .map_err(|_| inconsistent(id, "amendments"))?,
            personal: Sealed::from_columns(Level::Personal, at, personal),
            sensitive: Sealed::from_columns(Level::Sensitive, at, sensitive),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
            indexes: Indexes {
                personal_email: row.personal_email_index,
                work_email: row.work_email_index,
                phone: row.phone_index,
            },
        })
    }
}
