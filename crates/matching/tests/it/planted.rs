//! Planted truth: among many, somebody was made to fit best, and is found first.

use matching::opening::{Importance, Opening};
use matching::projection::Position;
use matching::redact::Redactor;
use matching::{Projection, Scope};

use crate::sample::{candidate, held, opening, pool, position, projection, rank, wanted};

const SKILLS: &[&str] = &[
    "Rust",
    "Go",
    "Python",
    "Java",
    "React",
    "Angular",
    "Kubernetes",
    "Docker",
    "Terraform",
    "Kafka",
    "PostgreSQL",
    "MongoDB",
    "Redis",
    "Figma",
    "Salesforce",
    "Tableau",
    "Spark",
    "Airflow",
    "Selenium",
    "Cypress",
    "Unity",
    "Flutter",
    "Swift",
    "Kotlin",
    "COBOL",
];
const TITLES: &[&str] = &[
    "Rust Engineer",
    "Data Analyst",
    "Front-end Developer",
    "Site Reliability Engineer",
    "Product Designer",
    "Test Engineer",
    "Mobile Developer",
    "Sales Consultant",
    "Accountant",
];

/// Chance with a seed: the same numbers each time (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

fn anybody(dice: &mut Dice) -> Projection {
    let skills = (0..2 + dice.roll(8))
        .map(|_| held(SKILLS[dice.roll(SKILLS.len())], 1 + dice.roll(5) as u8))
        .collect();
    let held: Vec<Position> = (0..dice.roll(4))
        .map(|_| position(TITLES[dice.roll(TITLES.len())], dice.roll(60) as u16))
        .collect();
    let words: Vec<&str> = (0..20).map(|_| SKILLS[dice.roll(SKILLS.len())]).collect();
    let text = Redactor::default().redact(&words.join(" "));
    Projection { skills, positions: held, text, ..projection() }
}

/// A job drawn by chance, and who has exactly what it asks for.
fn planted(dice: &mut Dice) -> (Opening, Projection) {
    let title = TITLES[dice.roll(TITLES.len())];
    let first = dice.roll(SKILLS.len());
    let names: Vec<&str> = (0..6).map(|step| SKILLS[(first + step * 4) % SKILLS.len()]).collect();
    let importance = |place| match place {
        0 | 1 => Importance::Must,
        2 | 3 => Importance::Should,
        _ => Importance::Nice,
    };
    let skills =
        names.iter().enumerate().map(|(place, name)| wanted(name, 3, importance(place))).collect();
    let job = Opening {
        title: title.to_owned(),
        description: format!("We look for {}.", names.join(", ")),
        skills,
        ..opening()
    };
    let best = Projection {
        skills: names.iter().map(|name| held(name, 4)).collect(),
        positions: vec![position(title, 48)],
        text: Redactor::default().redact(&names.join(" ")),
        ..projection()
    };
    (job, best)
}

#[test]
fn the_best_is_found_first() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut crowd: Vec<Projection> = (0..2_000).map(|_| anybody(&mut dice)).collect();
    let jobs: Vec<Opening> = (0..100)
        .map(|_| {
            let (job, best) = planted(&mut dice);
            crowd.push(best);
            job
        })
        .collect();
    let pool = pool(&crowd);

    let mut sum = 0.0;
    for (number, job) in (2_001..).zip(&jobs) {
        let ranking = rank(&pool, job, &Scope::All, 20);
        // Others planted for a job that asks for the same are as good.
        let best = ranking.entries.first().map(|entry| entry.assessment.score);
        let found = ranking.entries.iter().find(|entry| entry.candidate == candidate(number));
        let is_first = found.is_some_and(|entry| Some(entry.assessment.score) == best);
        sum += match found {
            Some(_) if is_first => 1.0,
            Some(entry) => 1.0 / f64::from(entry.rank),
            None => 0.0,
        };
    }

    let mean_reciprocal_rank = sum / jobs.len() as f64;
    assert!(mean_reciprocal_rank >= 0.99, "{mean_reciprocal_rank}");
}
