//! Rows of runs: what has not come out yet stands as nothing.

use kernel::{JobId, MatchRunId, Timestamp};
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};

use super::{Found, MatchRun, RunStatus, inconsistent};
use crate::entities::match_run::{ActiveModel, Model};
use crate::search::{json, name};
use crate::{StoreError, TenantTx};

pub(super) fn of(tx: &TenantTx, run: &MatchRun) -> ActiveModel {
    let found = run.found.as_ref();
    let moment = |moment: Option<Timestamp>| moment.map_or(0, Timestamp::millis);
    Model {
        id: run.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        job_id: run.job_id.uuid(),
        job_version: run.job_version,
        scope: name(&run.scope),
        status: name(&run.status),
        policy_version: run.policy_version.clone(),
        exchange_version: found.map_or_else(String::new, |found| found.exchange_version.clone()),
        counts: found.map_or(json!({}), |found| json(&found.counts)),
        digests: found.map_or(json!({}), |found| json(&found.digests)),
        scores: found.map_or(json!([]), |found| json(&found.scores)),
        created_by: run.created_by.clone(),
        started_at: moment(run.started_at),
        ended_at: moment(run.ended_at),
        version: run.version,
        asked: run.asked.as_ref().map(|asked| json(asked).to_string()),
        failure: run.failure.map(|failure| name(&failure)),
        created_at: run.created_at.millis(),
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<Model> for MatchRun {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = MatchRunId::from_uuid(row.id);
        let odd = |what: &'static str| move |_| inconsistent(id, what);
        let moment = |at: i64| (at > 0).then(|| Timestamp::from_millis(at));
        let status = serde_json::from_value(row.status.into()).map_err(odd("status"))?;
        let found = match status {
            RunStatus::Succeeded => Some(Found {
                exchange_version: row.exchange_version,
                counts: serde_json::from_value(row.counts).map_err(odd("counts"))?,
                digests: serde_json::from_value(row.digests).map_err(odd("digests"))?,
                scores: serde_json::from_value(row.scores).map_err(odd("scores"))?,
            }),
            RunStatus::Queued | RunStatus::Running | RunStatus::Failed => None,
        };
        let failure = row.failure.map(Value::from).map(serde_json::from_value).transpose();
        let asked = row.asked.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id,
            job_id: JobId::from_uuid(row.job_id),
            job_version: row.job_version,
            scope: serde_json::from_value(row.scope.into()).map_err(odd("scope"))?,
            status,
            failure: failure.map_err(odd("failure"))?,
            policy_version: row.policy_version,
            found,
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            started_at: moment(row.started_at),
            ended_at: moment(row.ended_at),
            version: row.version,
            asked: asked.map_err(odd("asked"))?,
        })
    }
}
