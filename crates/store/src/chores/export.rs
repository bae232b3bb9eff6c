//! Writes an export, a part at a time.

use kernel::{ExportId, Purpose};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use staffing::bulk;
use staffing::candidate::life::CandidateStatus;

use super::Progress;
use crate::candidates::Candidate;
use crate::entities::candidate::{Column, Entity};
use crate::exports::{self, Export, ExportStatus, KEPT};
use crate::{StoreError, TenantTx};

/// Writes the next part. The erased are in none.
pub(super) async fn step(mut tx: TenantTx, id: ExportId) -> Result<Progress, StoreError> {
    // A sandbox that was started anew has no export any more.
    let read = match exports::require(&tx, id).await {
        Err(StoreError::Missing) => return Ok(Progress::Done),
        found => found?,
    };
    if read.status != ExportStatus::Running {
        return Ok(Progress::Done);
    }
    let candidates = after(&tx, &read).await?;
    let is_over = candidates.len() < PART_MAX;
    let documents = documents(&tx, &read, &candidates)?;
    let mut export = Export { version: read.version + 1, ..read.clone() };
    if !documents.is_empty() || read.parts == 0 {
        let columns = columns(read.with_personal);
        let text = read.format.text(&documents, &columns, read.parts == 0);
        exports::keep(&tx, &read, read.parts + 1, &text).await?;
        export.parts += 1;
        export.records += i64::try_from(documents.len()).unwrap_or(0);
        export.last_id = candidates.last().map(|candidate| candidate.id.uuid());
    }
    if is_over {
        export.status = ExportStatus::Completed;
        export.ended_at = Some(tx.now());
        export.expires_at = Some(tx.now().plus(KEPT));
    }
    exports::save(&mut tx, &read, &export, is_over.then_some(Some("export.completed"))).await?;
    tx.commit(None).await?;
    Ok(if is_over { Progress::Done } else { Progress::More })
}

async fn after(tx: &TenantTx, read: &Export) -> Result<Vec<Candidate>, StoreError> {
    let is_gone = [CandidateStatus::ErasureRequested.as_str(), CandidateStatus::Erased.as_str()];
    let mut query = tx.find::<Entity>().filter(Column::Status.is_not_in(is_gone));
    if let Some(last) = read.last_id {
        query = query.filter(Column::Id.gt(last));
    }
    let most = u64::try_from(PART_MAX).unwrap_or(u64::MAX);
    let rows = query.order_by_asc(Column::Id).limit(most).all(&tx.session).await?;
    rows.into_iter().map(Candidate::try_from).collect()
}

fn documents(
    tx: &TenantTx,
    export: &Export,
    candidates: &[Candidate],
) -> Result<Vec<Value>, StoreError> {
    let document = |candidate: &Candidate| {
        let mut document = match export.with_personal {
            true => candidate.document(tx, Purpose::Answer)?.open(Purpose::Answer).clone(),
            false => candidate.professional.clone(),
        };
        if let Some(members) = document.as_object_mut() {
            members.insert("id".to_owned(), json!(candidate.id));
            members.insert("status".to_owned(), json!(candidate.status));
            members.insert("version".to_owned(), json!(candidate.version));
        }
        Ok(document)
    };
    candidates.iter().map(document).collect()
}

fn columns(with_personal: bool) -> Vec<&'static str> {
    let known = ["id", "status", "version"].into_iter();
    known.chain(bulk::columns(with_personal)).collect()
}

const PART_MAX: usize = 500;
