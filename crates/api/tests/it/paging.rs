//! Pages and their cursors.

use policy::Role;
use serde_json::Value;
use testkit::{Answer, Caller, Database, Platform, Tenant, samples};

async fn with_jobs(platform: &Platform, count: usize) -> (Tenant, Caller, Vec<String>) {
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id());
    }
    (acme, mara, ids)
}

fn cursor(page: &Answer) -> Option<String> {
    page.body().pointer("/page/next_cursor").and_then(Value::as_str).map(ToOwned::to_owned)
}

#[tokio::test]
async fn pages_hold_everything_once_newest_first() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (_, mara, mut written) = with_jobs(&platform, 7).await;
        let (mut read, mut pages) = (Vec::new(), Vec::new());
        let mut path = "/v1/jobs?limit=3".to_owned();

        loop {
            let page = mara.get(&path).await.is(200);
            read.extend(page.ids());
            pages.push(page.ids().len());
            let Some(cursor) = cursor(&page) else { break };
            assert_eq!(page.body()["page"]["has_more"], true);
            path = format!("/v1/jobs?limit=3&cursor={cursor}");
        }

        written.reverse();
        assert_eq!(read, written);
        assert_eq!(pages, [3, 3, 1]);
    }
}

#[tokio::test]
async fn the_link_header_leads_to_the_next_page() {
    let platform = Platform::new().await;
    let (_, mara, ids) = with_jobs(&platform, 3).await;
    let first = mara.get("/v1/jobs?limit=2&q=rust%20engineer").await.is(200);
    let link = first.header("link").unwrap();
    let (target, relation) = link.trim_start_matches('<').split_once('>').unwrap();

    let second = mara.get(target).await.is(200);

    assert_eq!(relation, "; rel=\"next\"");
    assert_eq!(second.ids(), ids[..1]);
    assert_eq!(second.header("link"), None);
    assert_eq!(second.body()["page"], serde_json::json!({ "has_more": false }));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_only() {
    let platform = Platform::new().await;
    let (_, mara, _) = with_jobs(&platform, 3).await;
    let globex = platform.tenant("globex").await;
    let other = globex.caller(Role::Partner).await;
    let page = mara.get("/v1/jobs?limit=1").await.is(200);
    let cursor = cursor(&page).unwrap();
    mara.get(&format!("/v1/jobs?limit=2&cursor={cursor}")).await.is(200);

    let refused = [
        other.get(&format!("/v1/jobs?cursor={cursor}")),
        platform.stranger().get(&format!("/v1/jobs?cursor={cursor}")),
        mara.get(&format!("/v1/jobs?q=rust&cursor={cursor}")),
        mara.get(&format!("/v1/jobs?status=draft&cursor={cursor}")),
        mara.get(&format!("/v1/candidates?cursor={cursor}")),
        mara.get(&format!("/v1/clients?cursor={cursor}")),
        mara.get(&format!("/v1/jobs?cursor={}A", &cursor[..cursor.len() - 1])),
        mara.get(&format!("/v1/jobs?cursor={cursor}AAAA")),
        mara.get("/v1/jobs?cursor=x"),
    ];
    for ask in refused {
        ask.await.is(400).problem("cursor_invalid");
    }
}

#[tokio::test]
async fn a_cursor_tells_nothing() {
    let platform = Platform::new().await;
    let (_, mara, ids) = with_jobs(&platform, 2).await;

    let one = cursor(&mara.get("/v1/jobs?limit=1").await.is(200)).unwrap();
    let two = cursor(&mara.get("/v1/jobs?limit=1").await.is(200)).unwrap();

    assert_ne!(one, two);
    assert!(!one.contains(&ids[1][4..]));
}

#[tokio::test]
async fn limits_are_from_1_to_100() {
    let platform = Platform::new().await;
    let (_, mara, _) = with_jobs(&platform, 0).await;

    for limit in ["0", "101", "-1", "x", "1.5", "", "01"] {
        let answer = mara.get(&format!("/v1/jobs?limit={limit}")).await;
        answer.is(400).problem("contract.parameter_invalid").at("?limit");
    }
    mara.get("/v1/jobs?limit=100").await.is(200);
}

#[tokio::test]
async fn candidates_and_clients_have_pages_too() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (_, mara, _) = with_jobs(&platform, 0).await;
        let (mut clients, mut candidates) = (1, 0);
        for _ in 0..3 {
            mara.post("/v1/clients", samples::company()).await.is(201);
            mara.post("/v1/candidates", samples::candidate()).await.is(201);
            (clients, candidates) = (clients + 1, candidates + 1);
        }

        for (path, expected) in [("/v1/clients", clients), ("/v1/candidates", candidates)] {
            let first = mara.get(&format!("{path}?limit=2")).await.is(200);
            let cursor = cursor(&first).unwrap();
            let second = mara.get(&format!("{path}?limit=2&cursor={cursor}")).await.is(200);
            let mut ids = [first.ids(), second.ids()].concat();
            ids.dedup();
            assert_eq!(ids.len(), expected, "{path}");
        }
    }
}
