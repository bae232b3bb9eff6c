//! What is left of somebody who was erased: a tombstone.

use policy::Role;
use serde_json::json;
use testkit::{Database, Platform, samples};

#[tokio::test]
async fn nothing_personal_is_left_of_the_erased() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let body = samples::with(
            samples::candidate(),
            json!({
                "email": "zyxwq.erased@example.org", "phone": "+447700900777",
                "given_name": "Zyxwqgiven", "family_name": "Zyxwqfamily",
                "preferred_name": "Zyxwqcall",
                "address": { "country": "PT", "city": "Zyxwqtown", "line1": "Zyxwqstreet 1" },
                "summary": "Zyxwqsummary", "headline": "Zyxwqhead", "external_ref": "Zyxwqref",
                "tags": ["zyxwqtag"], "source": "Zyxwqsource",
            }),
        );
        let ana = mara.post("/v1/candidates", body).await.is(201).id();
        let path = format!("/v1/candidates/{ana}");
        let export = json!({ "format": "csv", "with_personal": true });
        let export = mara.post("/v1/exports", export).await.is(201).id();
        platform.run_jobs().await;
        mara.take(&format!("{path}/request-erasure")).await.is(200);
        assert_eq!(mara.get(&path).await.is(200).body()["given_name"], "Zyxwqgiven");

        platform.clock().advance(testkit::minutes(2));
        platform.run_jobs().await;

        let tombstone = mara.get(&path).await.is(200).body();
        assert_eq!(tombstone["status"], "erased");
        let mut members: Vec<_> = tombstone.as_object().unwrap().keys().cloned().collect();
        members.sort();
        assert_eq!(
            members,
            [
                "consent",
                "created_at",
                "created_by",
                "id",
                "merged_into",
                "retain_until",
                "status",
                "updated_at",
                "version",
            ]
        );
        mara.patch(&path, json!({ "headline": "Back" })).await.is(409);
        for contact in
            [json!({ "email": "zyxwq.erased@example.org" }), json!({ "phone": "+447700900777" })]
        {
            let found = mara.post("/v1/candidates/search", contact).await.is(200);
            assert!(found.ids().is_empty());
        }
        assert!(mara.get("/v1/candidates?external_ref=Zyxwqref").await.is(200).ids().is_empty());
        let part = mara.get(&format!("/v1/exports/{export}/parts/1")).await;
        part.is(409).problem("exports.not_ready");
        let events = mara.get("/v1/events?type=candidate.erased").await.is(200);
        assert_eq!(events.ids().len(), 1);
        // Whatever table and column: nobody has to remember to look there.
        let everything = platform.everything().await.to_lowercase();
        assert!(!everything.contains("zyxwq"), "a value of the erased is left");
    }
}
