//! Words and facets find the same jobs, in the same order, on both databases.

use kernel::{CountryCode, TenantId, Timestamp};
use serde_json::{Value, json};
use staffing::job::EmploymentType;
use staffing::job::remote::RemoteKind;
use store::jobs::{self, Filter};
use store::page::PageRequest;
use store::search::{Facets, Order};

use crate::base::{Base, on_both};
use crate::samples;

/// Jobs of these titles and changes, each a millisecond later than the one before.
async fn jobs_of(base: &Base, tenant: TenantId, wanted: &[(&str, Value)]) {
    let company = base.company(tenant).await;
    for (title, changes) in wanted {
        base.tick();
        let mut draft = changes.clone();
        draft.as_object_mut().unwrap().insert("title".to_owned(), json!(title));
        let mut tx = base.change(tenant).await;
        jobs::add(&mut tx, samples::job(company, draft)).await.unwrap();
        tx.commit(None).await.unwrap();
    }
}

async fn found(base: &Base, tenant: TenantId, facets: Facets) -> Vec<String> {
    let filter = Filter { facets, ..Filter::default() };
    let request = PageRequest { limit: 100, after: None };
    let page = jobs::list(&base.view(tenant).await, &filter, request).await.unwrap();
    page.items.iter().map(|job| job.document["title"].as_str().unwrap().to_owned()).collect()
}

fn words(q: &str) -> Facets {
    Facets { q: Some(q.to_owned()), ..Facets::default() }
}

#[tokio::test]
async fn words_are_found_whatever_their_case_order_and_composition() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let pay = json!({ "description": "Payments in São Paulo" });
        jobs_of(
            base,
            acme,
            &[
                ("Rust Engineer", json!({ "description": "Build ledgers." })),
                ("ΟΔΗΓΟΣ λεωφορείου", json!({ "description": "Drive." })),
                ("Engineer of engines", pay),
                ("Übersetzer 翻訳者", json!({ "description": "Translate." })),
            ],
        )
        .await;

        for (q, expected) in [
            ("ENGINEER", &["Engineer of engines", "Rust Engineer"][..]),
            ("engineer rust", &["Rust Engineer"]),
            ("  rust   ledgers ", &["Rust Engineer"]),
            ("rust payments", &[]),
            ("são", &["Engineer of engines"]),
            ("sa\u{303}o", &["Engineer of engines"]),
            ("sao", &["Engineer of engines"]),
            ("οδηγος", &["ΟΔΗΓΟΣ λεωφορείου"]),
            ("οδηγ", &[]),
            ("οδηγ*", &["ΟΔΗΓΟΣ λεωφορείου"]),
            ("ÜBERSETZER", &["Übersetzer 翻訳者"]),
            ("翻訳", &["Übersetzer 翻訳者"]),
            ("engine", &[]),
            ("engin*", &["Engineer of engines", "Rust Engineer"]),
        ] {
            assert_eq!(found(base, acme, words(q)).await, expected, "{q}");
        }
        assert_eq!(found(base, acme, words("   ")).await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn signs_of_query_languages_mean_nothing() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let plain = json!({ "description": "Nothing." });
        let titles = [r"100% remote", r"snake_case", r"back\slash", r"it's or not", r"C++ near C#"];
        let wanted: Vec<_> = titles.iter().map(|title| (*title, plain.clone())).collect();
        jobs_of(base, acme, &wanted).await;

        for (q, expected) in [
            ("%", &[][..]),
            ("100%", &["100% remote"]),
            ("1%e", &[]),
            ("_", &[]),
            ("snake_case", &["snake_case"]),
            ("snake-case", &["snake_case"]),
            (r"\", &[]),
            (r"\slash", &[r"back\slash"]),
            ("' or 1=1 --", &[]),
            ("\"", &[]),
            ("\") or (\"", &["it's or not"]),
            ("or not", &["it's or not"]),
            ("not* OR", &["it's or not"]),
            ("c++", &["C++ near C#"]),
            ("c", &[]),
            ("c#", &["C++ near C#"]),
            ("near(c, 2)", &[]),
            ("search_title : remote", &[]),
            ("remote & !snake | ':*", &[]),
            ("remote & !100 | ':*", &["100% remote"]),
            ("*", &[]),
        ] {
            assert_eq!(found(base, acme, words(q)).await, expected, "{q}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_best_answer_comes_first_and_pages_join() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let rust = json!({
            "description": "Write services.",
            "skills": [{ "skill_id": "local:rust", "label": "Rust", "importance": "must" }],
        });
        jobs_of(
            base,
            acme,
            &[
                ("Engineer in Rust", json!({ "description": "Payments in the cloud." })),
                ("Rust Engineer", json!({ "description": "Payments." })),
                ("Backend Engineer", rust),
                ("Painter", json!({ "description": "Removes rust. No engineer needed." })),
                ("Cook", json!({ "description": "Prepares meals." })),
                ("Lead Rust Engineer", json!({ "description": "Leads." })),
            ],
        )
        .await;
        let best =
            |q: &str| Filter { facets: words(q), order: Order::Relevance, ..Filter::default() };

        for (q, expected) in [
            (
                "rust engineer",
                &[
                    "Lead Rust Engineer",
                    "Rust Engineer",
                    "Engineer in Rust",
                    "Backend Engineer",
                    "Painter",
                ][..],
            ),
            ("\"rust engineer\"", &["Lead Rust Engineer", "Rust Engineer"]),
            ("\"rust eng\"*", &["Lead Rust Engineer", "Rust Engineer"]),
            ("pay* rust", &["Rust Engineer", "Engineer in Rust"]),
            // A phrase does not go on from the title into the skills.
            ("\"engineer rust\"", &[]),
        ] {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let request = PageRequest { limit: 2, after };
                let page = jobs::list(&base.view(acme).await, &best(q), request).await.unwrap();
                let titles = page.items.iter().map(|job| job.document["title"].as_str().unwrap());
                all.extend(titles.map(str::to_owned));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(all, expected, "{q}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_found_follows_what_is_written() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({ "title": "Old title" }))).await;
        let job = job.unwrap();
        let draft = samples::job(company, json!({ "title": "New title" }));
        let step = samples::step(&["title"]);
        let job = jobs::save(&mut tx, &job, draft, job.life, step).await.unwrap();
        tx.commit(None).await.unwrap();

        assert_eq!(found(base, acme, words("old")).await, Vec::<String>::new());
        assert_eq!(found(base, acme, words("new")).await, ["New title"]);
        let mut tx = base.change(acme).await;
        jobs::delete(&mut tx, &job).await.unwrap();
        tx.commit(None).await.unwrap();
        assert_eq!(found(base, acme, words("new")).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn kinds_are_counted() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let skill = |id: &str| json!({ "skill_id": id, "label": "S", "importance": "must" });
        let iberia = json!({ "kind": "remote", "countries_allowed": ["PT", "ES"] });
        jobs_of(
            base,
            acme,
            &[
                ("One", json!({ "skills": [skill("local:a"), skill("local:b")] })),
                ("Two", json!({ "skills": [skill("local:b")], "remote_policy": iberia })),
                ("Three", json!({ "employment_type": "contract" })),
            ],
        )
        .await;

        let all = jobs::counts(&base.view(acme).await, &Filter::default()).await.unwrap();
        let both = Facets {
            skills: vec!["local:a".to_owned(), "local:b".to_owned()],
            all_skills: true,
            ..Facets::default()
        };

        let pair = |name: &str, count: usize| (name.to_owned(), count);
        assert_eq!(all.jobs, 3);
        assert_eq!(all.skills, [pair("local:b", 2), pair("local:a", 1)]);
        assert_eq!(all.countries, [pair("ES", 1), pair("PT", 1)]);
        assert_eq!(all.employment_types, [pair("full_time", 2), pair("contract", 1)]);
        assert_eq!(found(base, acme, both).await, ["One"]);
    })
    .await;
}

#[tokio::test]
async fn a_country_is_found_where_it_is_listed_or_not_left_out_of_the_world() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let policy = |policy: Value| json!({ "remote_policy": policy });
        jobs_of(
            base,
            acme,
            &[
                ("World", policy(json!({ "kind": "remote", "worldwide": true }))),
                (
                    "World but Brazil",
                    policy(json!({
                        "kind": "remote", "worldwide": true, "countries_excluded": ["BR"],
                    })),
                ),
                ("Iberia", policy(json!({ "kind": "remote", "countries_allowed": ["PT", "ES"] }))),
                ("Greece", policy(json!({ "kind": "remote", "countries_allowed": ["GR"] }))),
            ],
        )
        .await;
        let from = |codes: &[&str]| Facets {
            countries: codes.iter().map(|code| CountryCode::parse(code).unwrap()).collect(),
            ..Facets::default()
        };

        for (codes, expected) in [
            (&["PT"][..], &["Iberia", "World but Brazil", "World"][..]),
            (&["BR"], &["World"]),
            (&["JP"], &["World but Brazil", "World"]),
            (&["BR", "GR"], &["Greece", "World but Brazil", "World"]),
        ] {
            assert_eq!(found(base, acme, from(codes)).await, expected, "{codes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_skill_is_found_by_its_whole_id_whatever_its_case() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let skills = |ids: &[&str]| {
            let skills = ids
                .iter()
                .map(|id| json!({ "skill_id": id, "label": "Some skill", "importance": "must" }));
            json!({ "skills": skills.collect::<Vec<_>>() })
        };
        jobs_of(
            base,
            acme,
            &[
                ("Systems", skills(&["local:c", "local:c++"])),
                ("Web", skills(&["local:css"])),
                ("Esco", skills(&["esco:S1-AbC"])),
            ],
        )
        .await;
        let of = |ids: &[&str]| Facets {
            skills: ids.iter().map(ToString::to_string).collect(),
            ..Facets::default()
        };

        for (ids, expected) in [
            (&["local:c"][..], &["Systems"][..]),
            (&["local:cs"], &[]),
            (&["local:css", "local:c++"], &["Web", "Systems"]),
            (&["esco:S1-AbC"], &["Esco"]),
            (&["ESCO:s1-aBc"], &["Esco"]),
            (&["%"], &[]),
            (&["local:_"], &[]),
        ] {
            assert_eq!(found(base, acme, of(ids)).await, expected, "{ids:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn other_facets_narrow_together() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let start = kernel::Clock::now(base.clock.as_ref());
        let hybrid = json!({ "kind": "hybrid", "countries_allowed": ["PT"] });
        jobs_of(
            base,
            acme,
            &[
                ("One", json!({})),
                ("Two", json!({ "remote_policy": hybrid })),
                ("Three", json!({ "remote_policy": hybrid, "employment_type": "contract" })),
            ],
        )
        .await;
        let at = |ms: i64| Some(Timestamp::from_millis(start.millis() + ms));
        let none = Facets::default;

        for (facets, expected) in [
            (Facets { remote: Some(RemoteKind::Hybrid), ..none() }, &["Three", "Two"][..]),
            (
                Facets {
                    remote: Some(RemoteKind::Hybrid),
                    employment_type: Some(EmploymentType::FullTime),
                    ..none()
                },
                &["Two"],
            ),
            (Facets { posted_after: at(2), ..none() }, &["Three", "Two"]),
            (Facets { posted_before: at(2), ..none() }, &["One"]),
            (Facets { posted_after: at(2), posted_before: at(3), ..none() }, &["Two"]),
        ] {
            assert_eq!(found(base, acme, facets.clone()).await, expected, "{facets:?}");
        }
    })
    .await;
}
