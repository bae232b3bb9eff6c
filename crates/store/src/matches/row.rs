//! A match as a row, and back.

use kernel::{CandidateId, EmploymentId, JobId, MatchRunId};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::{
    Level, Match, MatchId, MatchLife, NOTE, Points, Sealed, Stage, StoreError, TABLE, TenantTx,
    Timestamp, inconsistent,
};
use crate::entities::job_match::{ActiveModel, Model};
use crate::search;

pub(super) fn of(tx: &TenantTx, found: &Match) -> ActiveModel {
    let life = &found.life;
    let assessment = found.assessment.as_ref();
    let inputs_hash = assessment.map(|whole| whole.inputs_hash.as_str().to_owned());
    Model {
        id: found.id.uuid(),
        tenant_id: tx.tenant().uuid(),
        job_id: found.job_id.uuid(),
        candidate_id: found.candidate_id.uuid(),
        run_id: found.run_id.uuid(),
        place: found.place(),
        eligible: found.eligible,
        score: found.score.parts().into(),
        inputs_hash: inputs_hash.unwrap_or_default(),
        assessment: assessment.map(search::json),
        stage: life.stage.as_str().to_owned(),
        moved_at: life.moved_at.map(Timestamp::millis),
        presented_at: life.presented_at.map(Timestamp::millis),
        decision: life.decision.as_ref().map(search::json),
        decision_note: found.note.column(NOTE),
        employment_id: life.employment_id.map(|id| id.uuid()),
        created_by: found.created_by.clone(),
        created_at: found.created_at.millis(),
        scored_at: found.scored_at.millis(),
        updated_at: found.updated_at.millis(),
        version: found.version,
    }
    .into_active_model()
    .reset_all()
}

impl TryFrom<Model> for Match {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = MatchId::from_uuid(row.id);
        let decision = row.decision.map(serde_json::from_value).transpose();
        let assessment = row.assessment.map(serde_json::from_value).transpose();
        Ok(Self {
            id,
            job_id: JobId::from_uuid(row.job_id),
            candidate_id: CandidateId::from_uuid(row.candidate_id),
            run_id: MatchRunId::from_uuid(row.run_id),
            eligible: row.eligible,
            score: Points::new(u32::try_from(row.score).unwrap_or_default()),
            assessment: assessment.map_err(|_| inconsistent(id, "assessment"))?,
            life: MatchLife {
                stage: Stage::parse(&row.stage).ok_or_else(|| inconsistent(id, "stage"))?,
                moved_at: row.moved_at.map(Timestamp::from_millis),
                presented_at: row.presented_at.map(Timestamp::from_millis),
                decision: decision.map_err(|_| inconsistent(id, "decision"))?,
                employment_id: row.employment_id.map(EmploymentId::from_uuid),
            },
            note: Sealed::from_columns(
                Level::Personal,
                (TABLE, row.id),
                vec![(NOTE, row.decision_note)],
            ),
            created_by: row.created_by,
            created_at: Timestamp::from_millis(row.created_at),
            scored_at: Timestamp::from_millis(row.scored_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
        })
    }
}
