//! Matches: ranked with reasons, moved by people and partners, and nobody turned down by a machine.

use std::future::IntoFuture;

use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Caller, Database, Platform, Tenant, samples};

/// An agency with an open job.
pub(crate) struct Agency {
    pub(crate) platform: Platform,
    pub(crate) acme: Tenant,
    pub(crate) partner: Caller,
    pub(crate) recruiter: Caller,
    pub(crate) job: String,
}

impl Agency {
    pub(crate) async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let partner = acme.caller(Role::Partner).await;
        let recruiter = acme.person(Role::Recruiter);
        let job = partner.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        partner.take(&format!("/v1/jobs/{job}/open")).await.is(200);
        Self { platform, acme, partner, recruiter, job }
    }

    /// Somebody who may be matched.
    pub(crate) async fn candidate(&self, changes: Value) -> String {
        let draft = samples::with(samples::candidate(), changes);
        let id = self.partner.post("/v1/candidates", draft).await.is(201).id();
        let grant = json!({ "grant": {
            "basis": "consent", "policy_version": "1", "channel": "form" } });
        self.partner.post(&format!("/v1/candidates/{id}/consent"), grant).await.is(200);
        self.partner.get(&format!("/v1/candidates/{id}")).await.is(200);
        self.partner.take(&format!("/v1/candidates/{id}/activate")).await.is(200);
        id
    }

    pub(crate) async fn rank(&self, candidates: &[&str]) -> Answer {
        let named = json!({ "job_id": self.job, "candidate_ids": candidates });
        self.partner.post("/v1/matcher", named).await
    }

    /// The path of a new candidate's match.
    pub(crate) async fn matched(&self) -> String {
        let candidate = self.candidate(json!({})).await;
        path(&self.rank(&[&candidate]).await.is(200))
    }

    /// Moves a match with everything that a move may need.
    pub(crate) async fn make(&self, by: &Caller, path: &str, name: &str) -> Answer {
        by.get(path).await.is(200);
        let ask = format!("{path}/{name}");
        match name {
            "dismiss" | "reject" => by.post(&ask, json!({ "reason": "skills" })).await,
            "reinstate" => by.post(&ask, json!({ "reason": "mistake" })).await,
            "place" => {
                let candidate = by.get(path).await.is(200).text_of("/candidate_id");
                let draft = samples::employment(&candidate, self.acme.company());
                let placed = self.partner.post("/v1/employments", draft).await.is(201).id();
                by.post(&ask, json!({ "employment_id": placed })).await
            }
            _ => by.take(&ask).await,
        }
    }

    pub(crate) async fn explained(&self, path: &str) -> Value {
        self.partner.get(path).await.is(200).body()
    }
}

pub(crate) fn path(run: &Answer) -> String {
    format!("/v1/matches/{}", run.text_of("/scores/0/match_id"))
}

const MOVES: [&str; 10] = [
    "shortlist",
    "submit",
    "interview",
    "offer",
    "accept",
    "place",
    "dismiss",
    "reject",
    "reinstate",
    "withdraw",
];

#[tokio::test]
async fn everybody_who_is_ranked_is_listed_with_reasons() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let fits = agency.candidate(json!({})).await;
        let lacks = agency.candidate(json!({ "skills": [] })).await;

        let run = agency.rank(&[&lacks, &fits]).await.is(200);

        let body = run.body();
        assert_eq!(body["scores"][0]["candidate_id"], json!(fits));
        assert_eq!(body["counts"]["evaluated"], 2);
        assert_eq!(body["counts"]["closed"], json!([0, 0, 0, 1, 0, 0, 0]));
        let again = format!("/v1/match-runs/{}", run.text_of("/match_run_id"));
        assert_eq!(agency.partner.get(&again).await.is(200).body(), body);
        let best = agency.explained(&path(&run)).await;
        assert_eq!((&best["eligible"], &best["stage"]), (&json!(true), &json!("scored")));
        let skills = &best["assessment"]["criteria"][0];
        assert_eq!(skills["code"], "skills");
        assert_eq!(skills["evidence"][0]["reference"], "/skills/0");
        assert!(skills["evidence"][0]["loss"].as_u64().unwrap() > 0, "{skills}");
        let other = format!("/v1/matches/{}", run.text_of("/scores/1/match_id"));
        let other = agency.explained(&other).await;
        assert_eq!(other["assessment"]["gates"][3]["detail"], "Rust");
        let missing = &other["assessment"]["criteria"][0]["missing"][0];
        assert_eq!(missing["item"]["id"], "local:rust");
        assert!(missing["gain"].as_u64().unwrap() > 0, "{missing}");
    }
}

#[tokio::test]
async fn a_question_that_is_none_is_refused() {
    let agency = Agency::on(Database::Sqlite).await;
    let (job, known) = (&agency.job, agency.candidate(json!({})).await);
    let nobody = "cand_00000000000000000000000001";
    let many = vec![known.clone(); 1001];
    let ask = |body: Value| agency.partner.post("/v1/matcher", body);

    let unknown = json!({ "job_id": job, "candidate_ids": [known, nobody] });
    ask(unknown).await.is(422).at("/candidate_ids/1");
    let no_job = json!({ "job_id": "job_00000000000000000000000001", "scope": "all" });
    ask(no_job).await.is(422).at("/job_id");
    for wrong in [
        json!({ "job_id": job }),
        json!({ "job_id": job, "candidate_ids": [] }),
        json!({ "job_id": job, "candidate_ids": [known], "scope": "all" }),
        json!({ "job_id": job, "candidate_ids": [known], "top": 3 }),
        json!({ "job_id": job, "scope": "named" }),
        json!({ "job_id": job, "scope": "all", "top": 1001 }),
        json!({ "job_id": job, "scope": "all", "weights": {} }),
    ] {
        ask(wrong).await.is(422);
    }
    // No list of a request is longer.
    ask(json!({ "job_id": job, "candidate_ids": many })).await.is(400);
    agency.partner.get(&format!("/v1/jobs/{job}")).await.is(200);
    let over = json!({ "reason": "other" });
    agency.partner.post(&format!("/v1/jobs/{job}/close"), over).await.is(200);
    agency.rank(&[&known]).await.is(409).problem("matches.job_closed");
}

#[tokio::test]
async fn a_change_is_seen_by_the_next_ranking() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ana = agency.candidate(json!({ "skills": [] })).await;
        let everybody = json!({ "job_id": agency.job, "scope": "all", "top": 10 });
        let all = || agency.partner.post("/v1/matcher", everybody.clone());
        assert_eq!(all().await.is(200).body()["counts"]["eligible"], 0);

        let skills = json!({ "skills": [
            { "skill_id": "local:rust", "label": "Rust", "source": "self" }] });
        agency.partner.get(&format!("/v1/candidates/{ana}")).await.is(200);
        agency.partner.patch(&format!("/v1/candidates/{ana}"), skills).await.is(200);
        let after = all().await.is(200);
        assert_eq!(after.body()["counts"]["eligible"], 1);
        assert_eq!(agency.explained(&path(&after)).await["version"], 2);
        let ben = agency.candidate(json!({})).await;
        let both = all().await.is(200).body();
        assert!(both["scores"].to_string().contains(&ben), "{both}");
        let withdraw = json!({ "withdraw": {} });
        agency.partner.get(&format!("/v1/candidates/{ana}")).await.is(200);
        agency.partner.post(&format!("/v1/candidates/{ana}/consent"), withdraw).await.is(200);

        let body = all().await.is(200).body();
        assert_eq!(
            (&body["counts"]["eligible"], &body["counts"]["evaluated"]),
            (&json!(1), &json!(2))
        );
    }
}

#[tokio::test]
async fn a_move_outside_the_table_is_refused_with_the_legal_ones() {
    let agency = Agency::on(Database::Sqlite).await;
    let table = agency.partner.get("/v1/matches/transitions").await.is(200).body();
    let rows = table["transitions"].as_array().unwrap().clone();
    let by = &agency.recruiter;

    for way in [&["shortlist", "submit", "interview", "offer", "accept", "place"][..], &[]] {
        let path = agency.matched().await;
        let mut stage = "scored".to_owned();
        for step in way.iter().copied().map(Some).chain([None]) {
            let legal: Vec<Value> = rows
                .iter()
                .filter(|row| row["from"] == json!(stage) && row["move"] != "expire")
                .map(|row| row["move"].clone())
                .collect();
            assert_eq!(by.get(&path).await.body()["legal_transitions"], json!(legal));
            for name in MOVES.iter().filter(|name| !legal.contains(&json!(name))) {
                let refused = agency.make(by, &path, name).await.is(409);
                let refused = refused.problem("matches.illegal_transition");
                assert_eq!(refused.body()["legal_transitions"], json!(legal), "{stage} {name}");
            }
            let Some(step) = step else { break };
            stage = agency.make(by, &path, step).await.is(200).text_of("/stage");
        }
    }
}

#[tokio::test]
async fn only_people_turn_somebody_down_and_take_it_back() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.matched().await;
        let why = json!({ "reason": "pay", "note": "Q7note: too dear." });

        for name in ["dismiss", "reject", "reinstate"] {
            let refused = agency.make(&agency.partner, &path, name).await;
            refused.is(403).problem("auth.forbidden");
        }
        for name in ["shortlist", "submit"] {
            agency.make(&agency.partner, &path, name).await.is(200);
        }
        agency.recruiter.get(&path).await.is(200);
        let nameless = agency.recruiter.post(&format!("{path}/reject"), json!({})).await;
        nameless.is(422);
        let told = agency.recruiter.post(&format!("{path}/reject"), why).await.is(200).body();
        assert_eq!(told["decision"]["turned_down"], "pay");
        assert!(!told.to_string().contains("Q7note"));
        assert!(!agency.explained(&path).await.to_string().contains("Q7note"));
        let seen = agency.recruiter.get(&path).await.is(200).body();
        assert_eq!(seen["decision_note"], "Q7note: too dear.");

        let again = agency.make(&agency.recruiter, &path, "reinstate").await.is(200).body();

        assert_eq!(again["stage"], "shortlisted");
        assert_eq!(again["decision"]["reinstated"], "mistake");
        assert!(agency.recruiter.get(&path).await.body().get("decision_note").is_none());
        let trail = Value::from(agency.acme.audit().await).to_string();
        let told: Vec<_> = agency.acme.outbox().await.into_iter().map(|e| e.payload).collect();
        assert!(!trail.contains("Q7note") && !Value::from(told).to_string().contains("Q7note"));
    }
}

#[tokio::test]
async fn scoring_again_moves_nobody() {
    let agency = Agency::on(Database::Sqlite).await;
    let ana = agency.candidate(json!({})).await;
    let path = path(&agency.rank(&[&ana]).await.is(200));
    agency.make(&agency.recruiter, &path, "dismiss").await.is(200);
    let before = agency.explained(&path).await;

    agency.rank(&[&ana]).await.is(200);
    let same = agency.explained(&path).await;
    let skills = json!({ "skills": [] });
    agency.partner.get(&format!("/v1/candidates/{ana}")).await.is(200);
    agency.partner.patch(&format!("/v1/candidates/{ana}"), skills).await.is(200);
    agency.rank(&[&ana]).await.is(200);
    let other = agency.explained(&path).await;

    assert_eq!(same, before);
    assert_eq!((&other["eligible"], &other["stage"]), (&json!(false), &json!("dismissed")));
    assert_eq!(other["decision"], before["decision"]);
    assert_eq!(other["version"], 3);
}

#[tokio::test]
async fn open_matches_expire_when_their_job_ends() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (open, closed) = (agency.matched().await, agency.matched().await);
        agency.make(&agency.recruiter, &closed, "dismiss").await.is(200);
        let job = format!("/v1/jobs/{}", agency.job);

        agency.partner.get(&job).await.is(200);
        agency.partner.post(&format!("{job}/close"), json!({ "reason": "other" })).await.is(200);

        assert_eq!(agency.explained(&open).await["stage"], "expired");
        assert_eq!(agency.explained(&closed).await["stage"], "dismissed");
        let kinds: Vec<_> = agency.acme.outbox().await.into_iter().map(|e| e.kind).collect();
        let kinds: Vec<_> = kinds.iter().filter(|kind| kind.starts_with("match")).collect();
        assert_eq!(
            kinds,
            [
                "match_run.completed",
                "match.scored",
                "match_run.completed",
                "match.scored",
                "match.stage_changed",
                "match.stage_changed",
            ]
        );
    }
}

#[tokio::test]
async fn of_two_moves_at_once_one_wins() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.matched().await;
        let at_first = |name: &str| {
            let ask = agency.recruiter.take(&format!("{path}/{name}"));
            ask.with_header("if-match", "\"v1\"").into_future()
        };

        let (one, other) = tokio::join!(at_first("shortlist"), at_first("shortlist"));

        let mut statuses = [one.status(), other.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        at_first("submit").await.is(412);
        let bare = agency.recruiter.take(&format!("{path}/submit")).without("if-match").await;
        bare.is(428);
        assert_eq!(agency.explained(&path).await["version"], 2);
    }
}

#[tokio::test]
async fn each_run_leaves_hashes_in_the_audit_trail() {
    let agency = Agency::on(Database::Sqlite).await;
    let ana = agency.candidate(json!({})).await;
    let run = agency.rank(&[&ana]).await.is(200);

    let audit = agency.acme.audit().await;

    let id = run.body()["match_run_id"].clone();
    let entry = audit.iter().find(|entry| entry["resources"][0]["uid"] == id);
    let digests = entry.unwrap()["unmapped"]["digests"].as_array().unwrap().clone();
    assert_eq!(digests.len(), 4);
    for digest in digests {
        let name = digest["of"].as_str().unwrap();
        assert_eq!(digest["sha256"], run.body()["digests"][name], "{name}");
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_ranks_once() {
    let agency = Agency::on(Database::Sqlite).await;
    let ana = agency.candidate(json!({})).await;
    let named = json!({ "job_id": agency.job, "candidate_ids": [ana] });
    let ask = || {
        let ask = agency.partner.post("/v1/matcher", named.clone());
        ask.with_header("idempotency-key", "once")
    };

    let (first, second) = (ask().await.is(200), ask().await.is(200));

    assert_eq!(first.body(), second.body());
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let bare = agency.partner.post("/v1/matcher", named.clone()).without("idempotency-key").await;
    bare.is(400);
}

#[tokio::test]
async fn lists_are_filtered_and_cut_into_pages() {
    let agency = Agency::on(Database::Sqlite).await;
    let mut ids = Vec::new();
    for skills in [json!([]), Value::Null, json!([])] {
        let changes = if skills.is_null() { json!({}) } else { json!({ "skills": skills }) };
        ids.push(agency.candidate(changes).await);
    }
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    let run = agency.rank(&named).await.is(200);
    let best = path(&run);
    agency.make(&agency.recruiter, &best, "shortlist").await.is(200);
    let (partner, job) = (&agency.partner, &agency.job);
    let list = |query: &str| {
        let path = format!("/v1/matches?job_id={job}{query}");
        async move { partner.get(&path).await.is(200) }
    };

    assert_eq!(list("").await.ids().len(), 3);
    assert_eq!(list("").await.ids()[0], best.trim_start_matches("/v1/matches/"));
    assert_eq!(list("&stage=shortlisted").await.ids().len(), 1);
    assert_eq!(list("&eligible=false").await.ids().len(), 2);
    assert_eq!(list("&eligible=true&min_score=1000").await.ids().len(), 0);
    assert_eq!(list(&format!("&candidate_id={}", ids[0])).await.ids().len(), 1);
    let page = list("&limit=2").await;
    let cursor = page.text_of("/page/next_cursor");
    let rest = list(&format!("&limit=2&cursor={cursor}")).await;
    assert_eq!((page.ids().len(), rest.ids().len()), (2, 1));
    assert!(!page.ids().contains(&rest.ids()[0]));
    let elsewhere = format!("/v1/matches?eligible=true&cursor={cursor}");
    agency.partner.get(&elsewhere).await.is(400).problem("cursor_invalid");
}

#[tokio::test]
async fn nothing_of_an_erased_candidate_is_left_in_a_match() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ana = agency.candidate(json!({})).await;
        let path = path(&agency.rank(&[&ana]).await.is(200));
        let shown = format!("/v1/candidates/{ana}");
        agency.partner.get(&shown).await.is(200);
        agency.partner.take(&format!("{shown}/request-erasure")).await.is(200);

        agency.platform.run_jobs().await;

        let body = agency.recruiter.get(&path).await.is(200).body();
        assert_eq!((&body["stage"], &body["assessment"]), (&json!("expired"), &Value::Null));
        agency.rank(&[&ana]).await.is(422).at("/candidate_ids/0");
    }
}

/// Calls in an order that nobody planned, from a small generator of numbers: whatever is called,
/// the stage after it is one that the table leads to.
#[tokio::test]
async fn no_sequence_of_calls_leaves_the_table() {
    let agency = Agency::on(Database::Sqlite).await;
    let table = agency.partner.get("/v1/matches/transitions").await.is(200).body();
    let rows = table["transitions"].as_array().unwrap().clone();
    let mut number = 7_u64;
    for _ in 0..12 {
        let path = agency.matched().await;
        let mut stage = "scored".to_owned();
        for _ in 0..12 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let name = MOVES[usize::try_from(number >> 33).unwrap() % MOVES.len()];
            let is_person = (number >> 20).is_multiple_of(2);
            let by = if is_person { &agency.recruiter } else { &agency.partner };

            let status = agency.make(by, &path, name).await.status();

            let after = agency.explained(&path).await["stage"].as_str().unwrap().to_owned();
            let row = rows.iter().find(|row| row["from"] == json!(stage) && row["move"] == name);
            let is_open = row.is_some_and(|row| is_person || row["guard"].is_null());
            let expected = if is_open { row.unwrap()["to"].as_str().unwrap() } else { &stage };
            assert_eq!((after.as_str(), status == 200), (expected, is_open), "{stage} {name}");
            stage = after;
        }
    }
}

#[tokio::test]
async fn somebody_elses_employment_is_no_placement() {
    let agency = Agency::on(Database::Sqlite).await;
    let (path, other) = (agency.matched().await, agency.candidate(json!({})).await);
    let draft = samples::employment(&other, agency.acme.company());
    let foreign = agency.partner.post("/v1/employments", draft).await.is(201).id();
    for name in ["shortlist", "submit", "interview", "offer", "accept"] {
        agency.make(&agency.partner, &path, name).await.is(200);
    }

    let ask = json!({ "employment_id": foreign });
    let refused = agency.partner.post(&format!("{path}/place"), ask).await;

    refused.is(422).at("/employment_id");
    // Nor is theirs with somebody else.
    let candidate = agency.explained(&path).await["candidate_id"].as_str().unwrap().to_owned();
    let elsewhere = agency.partner.post("/v1/clients", samples::company()).await.is(201).id();
    let draft = samples::employment(&candidate, &elsewhere);
    let elsewhere = agency.partner.post("/v1/employments", draft).await.is(201).id();
    agency.partner.get(&path).await.is(200);
    let ask = json!({ "employment_id": elsewhere });
    agency.partner.post(&format!("{path}/place"), ask).await.is(422).at("/employment_id");
}
