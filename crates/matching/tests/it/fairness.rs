//! Metamorphic fairness: what must not matter is changed in the source, and nothing moves, by not
//! even one unit.

use matching::projection::experience::{Spell, idle_months, positions};
use matching::redact::Redactor;
use matching::{Projection, Scope};

use crate::sample::{alone, candidate, held, opening, pool, projection, rank};

/// A curriculum vitae as its owner wrote it.
#[derive(Clone)]
struct Source {
    given: &'static str,
    family: &'static str,
    pronoun: &'static str,
    possessive: &'static str,
    born: &'static str,
    nationality: &'static str,
    photo: &'static str,
    school: &'static str,
    graduated: u32,
    employer: &'static str,
    title: &'static str,
    /// Years between the two positions.
    gap: u32,
}

const SOURCE: Source = Source {
    given: "Anna",
    family: "Kowalska",
    pronoun: "She",
    possessive: "her",
    born: "born 12 May 1990",
    nationality: "Polish",
    photo: "",
    school: "Warsaw University of Technology",
    graduated: 2012,
    employer: "Nordlicht Systems",
    title: "Rust Engineer",
    gap: 0,
};

const NOW: u32 = 2026 * 12 + 10;

impl Source {
    fn text(&self) -> String {
        let Self { given, family, pronoun, possessive, born, nationality, photo, .. } = self;
        let Self { school, graduated, employer, .. } = self;
        let gap = if self.gap > 0 { "Career break. " } else { "" };
        format!(
            "{given} {family}, {born}, {nationality}. {photo} {pronoun} builds Rust gateways, and \
             {possessive} measurements of networks are known. Studied cryptography at {school}, \
             graduated {graduated}. {gap}At {employer} {pronoun} led a team."
        )
    }

    fn spells(&self) -> [Spell; 2] {
        let redactor = Redactor::default();
        let title = redactor.redact(self.title);
        let shift = self.gap * 12;
        [
            Spell { title, start: Some(2021 * 12), end: None },
            Spell {
                title: redactor.redact("Backend Engineer"),
                start: Some(2018 * 12 - shift),
                end: Some(2021 * 12 - 1 - shift),
            },
        ]
    }

    fn redactor(&self) -> Redactor {
        Redactor::new(&[self.given, self.family], &[self.school, self.employer])
    }

    /// As whoever keeps candidates makes projections of them.
    fn projection(&self) -> Projection {
        let spells = self.spells();
        let mut postgresql = held("PostgreSQL", 4);
        postgresql.idle_months = idle_months(&spells, 2019 - self.gap, NOW);
        Projection {
            skills: vec![held("Rust", 4), postgresql],
            positions: positions(&spells, NOW),
            text: self.redactor().redact(&self.text()),
            ..projection()
        }
    }
}

/// The source as it is, and changed, among others: both must get the same in every respect.
fn no_difference(changed: Source) {
    let (one, other) = (SOURCE.projection(), changed.projection());
    assert_eq!(one, other, "the matcher sees a difference");

    assert_eq!(alone(&one, &opening()), alone(&other, &opening()));
    let crowd = pool(&[projection(), one, other]);
    let ranking = rank(&crowd, &opening(), &Scope::All, 3);
    let of = |number| {
        let entry = ranking.entries.iter().find(|entry| entry.candidate == candidate(number));
        entry.unwrap().assessment.clone()
    };
    assert_eq!(of(2), of(3));
}

#[test]
fn names_do_not_matter() {
    for (given, family) in
        [("John", "Smith"), ("Fatima", "Al-Sayed"), ("Rust", "Gateway"), ("Nguyễn", "Thị Minh")]
    {
        no_difference(Source { given, family, ..SOURCE });
    }
}

#[test]
fn gender_does_not_matter() {
    no_difference(Source { pronoun: "He", possessive: "his", ..SOURCE });
    no_difference(Source { pronoun: "They", possessive: "their", ..SOURCE });
}

#[test]
fn gendered_titles_do_not_matter() {
    let pairs = [
        ("Chairman", "Chairwoman"),
        ("Salesman", "Saleswoman"),
        ("Waiter", "Waitress"),
        ("Softwareentwickler", "Softwareentwicklerin"),
        ("Ingeniero de software", "Ingeniera de software"),
    ];
    for (one, other) in pairs {
        for asked in [one, other, "Rust Engineer"] {
            let mut job = opening();
            job.title = asked.to_owned();
            let score = |title| alone(&Source { title, ..SOURCE }.projection(), &job).score;
            assert_eq!(score(one), score(other), "{one} and {other} for {asked}");
        }
    }
}

#[test]
fn age_does_not_matter() {
    for born in ["born 1 January 1961", "aged 23", "34 years old", "geboren 03.04.1975"] {
        no_difference(Source { born, ..SOURCE });
    }
    no_difference(Source { graduated: 1984, ..SOURCE });
}

#[test]
fn nationality_does_not_matter() {
    for nationality in ["Nigerian", "American citizen", "Indian national"] {
        no_difference(Source { nationality, ..SOURCE });
    }
}

#[test]
fn a_photo_does_not_matter() {
    no_difference(Source { photo: "Photo:", ..SOURCE });
}

#[test]
fn schools_do_not_matter() {
    for school in ["Harvard University", "Universidade Federal do Acre"] {
        no_difference(Source { school, ..SOURCE });
    }
}

#[test]
fn employers_do_not_matter() {
    no_difference(Source { employer: "Gateway Networks Inc", ..SOURCE });
}

#[test]
fn gap_years_do_not_matter() {
    for gap in [1, 2, 7] {
        no_difference(Source { gap, ..SOURCE });
    }
}
