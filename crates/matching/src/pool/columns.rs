//! The columns: one place per row in each, and two flat lists for skills and positions.

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN};
use kernel::CandidateId;

use crate::projection::{HeldSkill, Projection};

/// What of a row is looked at when it could be among the best: 64 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) candidate: CandidateId,
    /// Of the projection that the row was made from.
    pub(crate) digest: [u8; SHA256_OUTPUT_LEN],
    pub(crate) pay_yearly: u64,
    pub(crate) currency: u32,
}

/// What of a row is looked at in every ranking, as numbers of values: 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) place: u32,
    pub(crate) home: u32,
    pub(crate) languages: u32,
    pub(crate) blocked: u32,
    pub(crate) standing: u32,
    pub(crate) availability: u32,
}

/// A skill that a row has: 20 bits of skill, 3 of level, 5 of years, 4 of time since its use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held(u32);

/// A position that a row held: 20 bits of title, 12 of months.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position(u32);

/// Every column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(super) rows: Vec<Row>,
    pub(super) conditions: Vec<Conditions>,
    pub(super) skills: Vec<Held>,
    skill_ends: Vec<u32>,
    pub(super) positions: Vec<Position>,
    position_ends: Vec<u32>,
}

impl Held {
    pub(super) fn new(number: u32, skill: &HeldSkill) -> Self {
        let level = u32::from(skill.level.unwrap_or(0).min(5));
        // 31 stands for not stated.
        let years = u32::from(skill.years.map_or(YEARS_UNKNOWN, |years| years.min(YEARS_MOST)));
        let idle = u32::from(skill.idle_months.unwrap_or(0) / IDLE_STEP_MONTHS).min(IDLE_MOST);
        Self(number.min(NUMBER_MAX) << 12 | level << 9 | years << 4 | idle)
    }

    pub(crate) const fn skill(self) -> u32 {
        self.0 >> 12
    }

    /// The same of a skill that has another number.
    pub(super) fn renumbered(self, number: u32) -> Self {
        Self(number.min(NUMBER_MAX) << 12 | self.0 & 0xfff)
    }

    /// What stands beside the skill: level, years and time since its use in one small number.
    pub(crate) const fn grade(self) -> usize {
        (self.0 & 0xfff) as usize
    }
}

/// What a grade says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grade {
    pub(crate) level: Option<u8>,
    pub(crate) years: Option<u8>,
    pub(crate) idle_months: u16,
}

impl Grade {
    pub(crate) const fn of(grade: usize) -> Self {
        let level = (grade >> 9 & 7) as u8;
        let years = (grade >> 4 & 31) as u8;
        Self {
            level: if level == 0 { None } else { Some(level) },
            years: if years == YEARS_UNKNOWN { None } else { Some(years) },
            idle_months: (grade & 15) as u16 * IDLE_STEP_MONTHS,
        }
    }
}

impl Position {
    pub(super) fn new(title: u32, months: u16) -> Self {
        Self(title.min(NUMBER_MAX) << 12 | u32::from(months).min(MONTHS_MOST))
    }

    pub(crate) const fn title(self) -> u32 {
        self.0 >> 12
    }

    /// The same of a title that has another number.
    pub(super) fn renumbered(self, number: u32) -> Self {
        Self(number.min(NUMBER_MAX) << 12 | self.months())
    }

    pub(crate) const fn months(self) -> u32 {
        self.0 & MONTHS_MOST
    }
}

impl Columns {
    pub(super) fn push(
        &mut self,
        (row, conditions): (Row, Conditions),
        skills: &[Held],
        positions: &[Position],
    ) {
        self.rows.push(row);
        self.conditions.push(conditions);
        self.skills.extend_from_slice(skills);
        self.skill_ends.push(end(self.skills.len()));
        self.positions.extend_from_slice(positions);
        self.position_ends.push(end(self.positions.len()));
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }

    pub(crate) fn conditions(&self, row: u32) -> Option<&Conditions> {
        self.conditions.get(row as usize)
    }

    pub(crate) fn skills(&self, row: u32) -> &[Held] {
        of_row(&self.skills, &self.skill_ends, row)
    }

    pub(crate) fn positions(&self, row: u32) -> &[Position] {
        of_row(&self.positions, &self.position_ends, row)
    }

    /// Keeps the rows that have a new number, in their order.
    pub(super) fn renumber(&mut self, places: &[Option<u32>]) {
        let mut kept = Self::default();
        for (row, _) in (0..).zip(places).filter(|(_, place)| place.is_some()) {
            if let Some(both) = self.row(row).copied().zip(self.conditions(row).copied()) {
                kept.push(both, self.skills(row), self.positions(row));
            }
        }
        *self = kept;
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.rows.capacity() * (size_of::<Row>() + size_of::<Conditions>())
            + (self.skills.capacity() + self.positions.capacity()) * 4
            + (self.skill_ends.capacity() + self.position_ends.capacity()) * 4
    }
}

/// SHA-256 of a projection as JSON, members in the order of the type.
pub(super) fn digest(projection: &Projection) -> [u8; SHA256_OUTPUT_LEN] {
    let json = serde_json::to_vec(projection).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&SHA256, &json);
    digest.as_ref().try_into().unwrap_or_default()
}

fn of_row<'a, T>(all: &'a [T], ends: &[u32], row: u32) -> &'a [T] {
    let row = row as usize;
    let start = row.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end);
    let end = ends.get(row).map_or(start, |end| *end);
    all.get(start as usize..end as usize).unwrap_or_default()
}

/// INVARIANT: at most 200 skills or 50 positions a row, and 2^24 rows.
fn end(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

const NUMBER_MAX: u32 = (1 << 20) - 1;
const YEARS_UNKNOWN: u8 = 31;
const YEARS_MOST: u8 = 30;
/// Time since a skill's use is kept in years of work.
const IDLE_STEP_MONTHS: u16 = 12;
const IDLE_MOST: u32 = 15;
const MONTHS_MOST: u32 = 0xfff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let skill = HeldSkill {
            id: "local:rust".to_owned(),
            label: "Rust".to_owned(),
            level: Some(4),
            years: Some(0),
            idle_months: Some(25),
        };

        let held = Held::new(70_000, &skill);
        let grade = Grade::of(held.grade());

        assert_eq!(held.skill(), 70_000);
        assert_eq!((grade.level, grade.years, grade.idle_months), (Some(4), Some(0), 24));
    }

    #[test]
    fn what_is_not_stated_stays_so() {
        let skill = HeldSkill {
            id: String::new(),
            label: String::new(),
            level: None,
            years: None,
            idle_months: None,
        };

        let grade = Grade::of(Held::new(0, &skill).grade());

        assert_eq!((grade.level, grade.years, grade.idle_months), (None, None, 0));
    }

    #[test]
    fn long_careers_are_capped() {
        let position = Position::new(3, u16::MAX);
        assert_eq!((position.title(), position.months()), (3, 4_095));
    }
}
