//! Two agencies, fifty of everything, and no way across.

use policy::Role;
use serde_json::json;
use testkit::{Caller, Database, Platform, Tenant, samples};

const EACH: usize = 50;
const KINDS: [&str; 3] = ["jobs", "clients", "candidates"];

struct Agency {
    caller: Caller,
    ids: [Vec<String>; 3],
}

impl Agency {
    async fn open(tenant: &Tenant) -> Self {
        let caller = tenant.caller(Role::Partner).await;
        let mut ids = [const { Vec::new() }; 3];
        for _ in 0..EACH {
            let bodies = [samples::job(tenant.company()), samples::company(), samples::candidate()];
            for ((kind, body), ids) in KINDS.iter().zip(bodies).zip(&mut ids) {
                ids.push(caller.post(&format!("/v1/{kind}"), body).await.is(201).id());
            }
        }
        Self { caller, ids }
    }

    /// Tries everything on every thing of another agency.
    async fn trespass(&self, other: &Self) {
        for (kind, ids) in KINDS.iter().zip(&other.ids) {
            for id in ids {
                let path = format!("/v1/{kind}/{id}");
                self.caller.get(&path).await.is(404).problem("not_found");
                let patch = self.caller.patch(&path, json!({})).with_header("if-match", "\"v1\"");
                patch.await.is(404).problem("not_found");
            }
        }
        for id in &other.ids[0] {
            let delete = self.caller.delete(&format!("/v1/jobs/{id}"));
            delete.with_header("if-match", "\"v1\"").await.is(404);
        }
    }

    /// Every page of every list holds own things only.
    async fn lists_its_own(&self) {
        for (kind, own) in KINDS.iter().zip(&self.ids) {
            let page = self.caller.get(&format!("/v1/{kind}?limit=100")).await.is(200);
            let listed = page.ids();
            assert!(own.iter().all(|id| listed.contains(id)), "{kind}");
            // The first client company was there before.
            assert!(listed.len() - own.len() <= 1, "{kind}");
        }
    }
}

#[tokio::test]
async fn fifty_of_everything_each_way_are_not_found() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = Agency::open(&platform.tenant("acme").await).await;
        let globex = Agency::open(&platform.tenant("globex").await).await;

        acme.trespass(&globex).await;
        globex.trespass(&acme).await;

        acme.lists_its_own().await;
        globex.lists_its_own().await;
    }
}

#[tokio::test]
async fn a_thing_of_another_tenant_and_a_thing_that_never_was_are_told_alike() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let globex = platform.tenant("globex").await;
    let there = globex.company().to_owned();
    let never = there.replace(&there[20..], "0000000000");
    let mara = acme.caller(Role::Partner).await;

    let foreign = mara.get(&format!("/v1/clients/{there}")).await.is(404);
    let missing = mara.get(&format!("/v1/clients/{never}")).await.is(404);

    let strip = |answer: &testkit::Answer| {
        let mut body = answer.body();
        let members = body.as_object_mut().unwrap();
        assert!(members.remove("request_id").is_some() && members.remove("instance").is_some());
        body
    };
    assert_eq!(strip(&foreign), strip(&missing));
}

#[tokio::test]
async fn an_email_address_is_unique_in_one_tenant_only() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
        let (mara, ines) = (acme.caller(Role::Partner).await, globex.caller(Role::Partner).await);
        let ana = samples::candidate();
        mara.post("/v1/candidates", ana.clone()).await.is(201);

        mara.post("/v1/candidates", ana.clone()).await.is(409).problem("taken");
        ines.post("/v1/candidates", ana).await.is(201);
    }
}

#[tokio::test]
async fn a_client_company_of_another_tenant_cannot_be_named() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
        let mara = acme.caller(Role::Partner).await;
        let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        let path = format!("/v1/jobs/{job}");

        let steal = mara.patch(&path, json!({ "client_id": globex.company() })).await;
        steal.is(422).problem("invalid").at("/client_id");
        let born = mara.post("/v1/jobs", samples::job(globex.company())).await;
        born.is(422).problem("invalid").at("/client_id");
    }
}
