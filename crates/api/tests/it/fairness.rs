//! Metamorphic fairness from outside: of what must not matter one thing at a time is changed in
//! what is written down, and nothing that the matcher says moves, by not even one unit.

use serde_json::{Value, json};
use testkit::{Database, samples};

use crate::matches::Agency;

/// What a curriculum vitae says about somebody besides what they can do.
#[derive(Clone, Copy)]
struct Who {
    given: &'static str,
    family: &'static str,
    she: &'static str,
    her: &'static str,
    title: &'static str,
    born: &'static str,
    nationality: &'static str,
    photo: &'static str,
    school: &'static str,
    graduated: u16,
    employer: &'static str,
    city: &'static str,
    /// Years of rest between the two positions.
    rest: u16,
    /// Years since the last one.
    idle: u16,
}

const ANA: Who = Who {
    given: "Ana",
    family: "Sousa",
    she: "She",
    her: "her",
    title: "Rust Engineer",
    born: "born 12 May 1990",
    nationality: "Portuguese",
    photo: "",
    school: "Universidade do Porto",
    graduated: 2012,
    employer: "Lisboa Bank",
    city: "Lisboa",
    rest: 0,
    idle: 0,
};

impl Who {
    fn draft(&self) -> Value {
        let Self { given, family, she, her, title, born, nationality, photo, .. } = self;
        let Self { school, graduated, employer, city, .. } = self;
        let (last, first) = (2023 - self.idle, 2019 - self.idle - self.rest);
        json!({
            "given_name": given, "family_name": family, "preferred_name": given,
            "address": { "line1": "1 Street", "city": city, "postal_code": "1", "country": "PT" },
            "summary": format!("{given} {family}, {born}, {nationality}. {photo} {she} builds \
                ledgers, and {her} work on payments is known. Studied physics at {school}, \
                graduated {graduated}."),
            "skills": [
                { "skill_id": "local:rust", "label": "Rust", "level": 4, "source": "self" },
                { "skill_id": "local:postgresql", "label": "PostgreSQL", "level": 3,
                  "last_used_year": last, "source": "self" }],
            "education": [{ "eqf": 7, "field": "Physics", "institution": school,
                "end_year": graduated }],
            "employments_history": [
                { "title": title, "employer": employer,
                  "start_month": format!("{}-01", last - 3), "end_month": format!("{last}-12"),
                  "description": format!("{she} wrote the ledger of {employer}.") },
                { "title": "Backend Engineer", "employer": "Norte Lda",
                  "start_month": format!("{}-01", first - 1), "end_month": format!("{first}-12"),
                  "description": "Payments." }],
        })
    }
}

/// One thing changed at a time.
fn others() -> Vec<(&'static str, Who)> {
    vec![
        ("given name", Who { given: "John", ..ANA }),
        ("family name", Who { family: "Al-Sayed", ..ANA }),
        ("a name that is a skill", Who { given: "Rust", family: "Ledger", ..ANA }),
        ("both names", Who { given: "Nguyễn", family: "Thị Minh", ..ANA }),
        ("he", Who { she: "He", her: "his", ..ANA }),
        ("they", Who { she: "They", her: "their", ..ANA }),
        ("birth date", Who { born: "born 1 January 1961", ..ANA }),
        ("age", Who { born: "aged 23", ..ANA }),
        ("birth date, in German", Who { born: "geboren 03.04.1975", ..ANA }),
        ("nationality", Who { nationality: "Nigerian", ..ANA }),
        ("citizenship", Who { nationality: "American citizen", ..ANA }),
        ("photo", Who { photo: "Photo:", ..ANA }),
        ("school", Who { school: "Harvard University", ..ANA }),
        ("year of graduation", Who { graduated: 1984, ..ANA }),
        ("employer", Who { employer: "Kreuzberg Networks Inc", ..ANA }),
        ("city", Who { city: "Ankara", ..ANA }),
        ("a year of rest", Who { rest: 1, ..ANA }),
        ("seven years of rest", Who { rest: 7, ..ANA }),
        ("three years since", Who { idle: 3, ..ANA }),
    ]
}

#[tokio::test]
async fn what_must_not_matter_changes_nothing_one_thing_at_a_time() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let mut ids = vec![("as she is", agency.candidate(ANA.draft()).await)];
        for (what, who) in others() {
            ids.push((what, agency.candidate(who.draft()).await));
        }
        // Somebody worse and somebody better, so that places are at stake.
        agency.candidate(json!({ "skills": [] })).await;
        agency.candidate(json!({ "headline": "Ledger of a payments company" })).await;
        let everybody = json!({ "job_id": agency.job, "scope": "all" });

        let run = agency.partner.post("/v1/matcher", everybody).await.is(200).body();

        let mut expected = None;
        for (what, id) in ids {
            let scores = run["scores"].as_array().unwrap();
            let score = scores.iter().find(|score| score["candidate_id"] == json!(id)).unwrap();
            let path = format!("/v1/matches/{}", score["match_id"].as_str().unwrap());
            let assessment = agency.explained(&path).await["assessment"].take();
            assert!(assessment["score"].as_u64().unwrap() > 0, "{what}: {assessment}");
            let expected = expected.get_or_insert_with(|| assessment.clone());
            assert_eq!(&assessment, expected, "{what}");
        }
    }
}

#[tokio::test]
async fn titles_with_a_gender_count_as_much_as_those_without() {
    let agency = Agency::on(Database::Sqlite).await;
    for (one, other) in [
        ("Chairman", "Chairwoman"),
        ("Salesman", "Saleswoman"),
        ("Softwareentwickler", "Softwareentwicklerin"),
        ("Ingeniero de software", "Ingeniera de software"),
    ] {
        let mut scores = Vec::new();
        for title in [one, other] {
            let id = agency.candidate(Who { title, ..ANA }.draft()).await;
            let job = samples::with(samples::job(agency.acme.company()), json!({ "title": one }));
            let job = agency.partner.post("/v1/jobs", job).await.is(201).id();
            let named = json!({ "job_id": job, "candidate_ids": [id] });
            let run = agency.partner.post("/v1/matcher", named).await.is(200);
            scores.push(run.body()["scores"][0]["score_tenths"].clone());
        }
        assert_eq!(scores[0], scores[1], "{one} and {other}");
    }
}

#[tokio::test]
async fn no_reason_says_who_somebody_is() {
    let agency = Agency::on(Database::Sqlite).await;
    let id = agency.candidate(ANA.draft()).await;

    let run = agency.rank(&[&id]).await.is(200);

    let text = agency.explained(&crate::matches::path(&run)).await.to_string();
    for word in ["Sousa", "Porto", "Lisboa", "Portuguese", "1990", "2012", "\"Ana"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}
