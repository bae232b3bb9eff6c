//! Employments: two keys, references of their own, one active at a time, and what a day brings.

use kernel::{CandidateId, ClientCompanyId, Purpose, TenantId};
use serde_json::{Value, json};
use staffing::calendar::Date;
use staffing::employment::amendment::{AmendmentDraft, Proposal};
use staffing::employment::life::{EmploymentLife, EmploymentStatus};
use store::employments::{self, Changes, Employment, Filter, Step};
use store::page::PageRequest;
use store::{StoreError, candidates};

use crate::base::{Base, on_both};
use crate::samples;

struct Agency<'a> {
    base: &'a Base,
    tenant: TenantId,
    company: ClientCompanyId,
    ana: CandidateId,
}

impl<'a> Agency<'a> {
    async fn on(base: &'a Base) -> Self {
        let tenant = base.found("acme").await;
        let company = base.company(tenant).await;
        let mut tx = base.change(tenant).await;
        let draft = samples::candidate("ana@example.org", json!({}));
        let ana = candidates::add(&mut tx, &draft, samples::state()).await.unwrap().id;
        tx.commit(None).await.unwrap();
        Self { base, tenant, company, ana }
    }

    async fn add(&self, changes: Value) -> Result<Employment, StoreError> {
        self.base.tick();
        let mut tx = self.base.change(self.tenant).await;
        let draft = samples::employment(self.ana, self.company, changes);
        let added = employments::add(&mut tx, &draft).await?;
        tx.commit(None).await?;
        Ok(added)
    }

    async fn put(&self, read: &Employment, changes: Changes<'_>) -> Result<Employment, StoreError> {
        let mut tx = self.base.change(self.tenant).await;
        let saved = employments::save(&mut tx, read, changes, vec![step()]).await?;
        tx.commit(None).await?;
        Ok(saved)
    }

    async fn at(
        &self,
        read: &Employment,
        status: EmploymentStatus,
    ) -> Result<Employment, StoreError> {
        let life = Some(EmploymentLife { status, ..read.life });
        self.put(read, Changes { life, ..Changes::default() }).await
    }

    async fn read(&self, of: &Employment) -> Employment {
        employments::require(&self.base.view(self.tenant).await, of.id).await.unwrap()
    }
}

fn step() -> Step {
    Step { event: "employment.updated", fields: Vec::new() }
}

fn person() -> Value {
    json!({
        "legal_given_name": "Q7given", "personal_email": "Q7mail@example.org",
        "date_of_birth": "1987-06-05", "tax_id": "Q7tax",
        "national_id": { "kind": "cc", "country": "PT", "value": "Q7national" },
        "bank_account": { "kind": "iban", "value": "Q7iban" },
        "country_data": { "niss": "11234567890", "irs_situation": "not_married" },
    })
}

#[tokio::test]
async fn nothing_about_the_person_is_readable_in_the_row() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let added = agency.add(person()).await.unwrap();

        for column in ["terms", "life", "amendments", "national_id", "tax_id", "country_data"] {
            let sql = format!("select {column} from employment");
            let cells: Vec<Vec<u8>> = match column {
                "terms" | "life" | "amendments" => {
                    let sql = format!("select cast({column} as text) from employment");
                    let texts: Vec<String> = base.raw.column(&sql).await;
                    texts.into_iter().map(String::into_bytes).collect()
                }
                _ => base.raw.column(&sql).await,
            };
            let text = String::from_utf8_lossy(&cells[0]).into_owned();
            assert!(!text.contains("Q7") && !text.contains("1123456"), "{column}");
        }
        let view = base.view(agency.tenant).await;
        let back = agency.read(&added).await.draft(&view, Purpose::Answer).unwrap();
        assert!(back == samples::employment(agency.ana, agency.company, person()));
    })
    .await;
}

#[tokio::test]
async fn a_column_moved_to_another_row_does_not_open() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let one = agency.add(person()).await.unwrap();
        agency.add(person()).await.unwrap();
        let first = "select tax_id from employment order by id limit 1";
        base.raw.run(&format!("update employment set tax_id = ({first})")).await;

        let view = base.view(agency.tenant).await;
        let mut refused = 0;
        let request = PageRequest { limit: 10, after: None };
        let all = employments::list(&view, &Filter::default(), request).await.unwrap();
        for employment in &all.items {
            assert!(employment.personal(&view, Purpose::Answer).is_ok());
            refused += usize::from(employment.sensitive(&view, Purpose::Reveal).is_err());
        }

        assert_eq!((all.items.len(), refused), (2, 1), "{}", one.id);
    })
    .await;
}

#[tokio::test]
async fn references_that_lead_nowhere_are_refused() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let nobody = "cand_00000000000000000000000001";
        let none = "emp_00000000000000000000000001";
        for (member, id) in [
            ("candidate_id", nobody),
            ("client_id", "cli_00000000000000000000000001"),
            ("job_id", "job_00000000000000000000000001"),
            ("previous_employment_id", none),
        ] {
            let refused = agency.add(json!({ member: id })).await.err().unwrap();
            assert!(matches!(refused, StoreError::Dangling(name) if name == member), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reference_is_taken_once_by_whoever_gave_it() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let added = agency.add(json!({ "external_ref": "HR-1" })).await.unwrap();

        let refused = agency.add(json!({ "external_ref": "HR-1" })).await.err().unwrap();

        assert!(matches!(refused, StoreError::Taken("external_ref")), "{refused:?}");
        let view = base.view(agency.tenant).await;
        let found = employments::find_by_ref(&view, &added.created_by, "HR-1").await.unwrap();
        assert_eq!(found.map(|found| found.id), Some(added.id));
        assert!(employments::find_by_ref(&view, "pc_other", "HR-1").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_worker_is_active_once_for_a_client_unless_both_say_otherwise() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let one = agency.add(json!({})).await.unwrap();
        let two = agency.add(json!({})).await.unwrap();
        let beside = agency.add(json!({ "concurrent_ok": true })).await.unwrap();
        let one = agency.at(&one, EmploymentStatus::Active).await.unwrap();

        for status in [EmploymentStatus::Active, EmploymentStatus::OnLeave] {
            let refused = agency.at(&two, status).await.err().unwrap();
            assert!(matches!(refused, StoreError::Taken("candidate_id")), "{refused:?}");
        }
        agency.at(&beside, EmploymentStatus::Active).await.unwrap();
        agency.at(&one, EmploymentStatus::Ended).await.unwrap();
        agency.at(&two, EmploymentStatus::Active).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_wins_and_one_is_stale() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let read = agency.add(json!({})).await.unwrap();

        let (one, two) = tokio::join!(
            agency.at(&read, EmploymentStatus::Submitted),
            agency.at(&read, EmploymentStatus::Cancelled),
        );

        let lost = if one.is_ok() { two } else { one };
        assert!(matches!(lost, Err(StoreError::Stale { current: 2 })));
    })
    .await;
}

#[tokio::test]
async fn a_day_brings_beginnings_ends_and_new_terms() {
    on_both(async |base| {
        let agency = Agency::on(base).await;
        let begins = agency.add(json!({ "concurrent_ok": true })).await.unwrap();
        let begins = agency.at(&begins, EmploymentStatus::Onboarding).await.unwrap();
        let blocked = json!([{ "code": "visa", "status": "pending", "required": true }]);
        let waits = agency.add(json!({ "onboarding_tasks": blocked })).await.unwrap();
        let waits = agency.at(&waits, EmploymentStatus::Onboarding).await.unwrap();
        let ends = agency.add(json!({})).await.unwrap();
        let life = EmploymentLife {
            status: EmploymentStatus::Offboarding,
            last_day: Some(Date::parse("2026-11-22").unwrap()),
            ..ends.life
        };
        let life = Changes { life: Some(life), ..Changes::default() };
        let ends = agency.put(&ends, life).await.unwrap();
        let changes = agency.add(json!({ "concurrent_ok": true })).await.unwrap();
        let changes = agency.at(&changes, EmploymentStatus::Active).await.unwrap();
        let amended = amended(base, &changes);
        let amendments = Changes { amendments: Some(amended), ..Changes::default() };
        let changes = agency.put(&changes, amendments).await.unwrap();

        let mut tx = base.change(agency.tenant).await;
        let last = employments::keep_time(&mut tx, None).await.unwrap();
        assert!(last.is_some());
        assert_eq!(employments::keep_time(&mut tx, last).await.unwrap(), None);
        tx.commit(None).await.unwrap();

        let status = async |of: &Employment| agency.read(of).await.life.status;
        assert_eq!(status(&begins).await, EmploymentStatus::Active);
        assert_eq!(status(&waits).await, EmploymentStatus::Onboarding);
        assert_eq!(status(&ends).await, EmploymentStatus::Ended);
        assert_eq!(agency.read(&changes).await.terms["job_title"], "Lead");
        let kinds: Vec<String> =
            base.raw.column("select kind from outbox order by seq desc limit 3").await;
        for kind in ["employment.activated", "employment.ended", "employment.amendment.effective"] {
            assert!(kinds.contains(&kind.to_owned()), "{kind}: {kinds:?}");
        }
    })
    .await;
}

/// One amendment for today, approved.
fn amended(base: &Base, of: &Employment) -> staffing::employment::amendment::Amendments {
    let now = kernel::Clock::now(base.clock.as_ref());
    let draft: AmendmentDraft = serde_json::from_value(json!({
        "effective_from": "2026-11-22", "reason": "Promotion", "changes": { "job_title": "Lead" },
    }))
    .unwrap();
    let id = kernel::AmendmentId::new(base.clock.as_ref());
    let start_date = of.gist().unwrap().start_date;
    let proposal = Proposal { id, by: "test".to_owned(), at: now, start_date };
    of.amendments.clone().propose(draft, proposal).unwrap().approve(id, now).unwrap()
}
