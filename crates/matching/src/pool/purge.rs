//! Takes what is dead out of memory: rows of who was removed or replaced, and every value, name and
//! word that nobody else has.

use super::{Pool, columns::Columns};

impl Pool {
    /// Leaves nothing of who was removed. It reads the whole pool; updates alone do not need it.
    pub fn purge(&mut self) {
        let mut next = 0;
        let places: Vec<Option<u32>> = self
            .live
            .rows
            .iter()
            .map(|lives| lives.then_some(next).inspect(|_| next += 1))
            .collect();
        self.columns.renumber(&places);
        self.text.renumber(&places);
        for row in self.rows.values_mut() {
            *row = moved(&places, *row);
        }
        self.live.rows.retain(|lives| *lives);
        self.sweep_conditions();
        self.sweep_skills();
        self.sweep_titles();
    }

    fn sweep_conditions(&mut self) {
        let Columns { rows, conditions, .. } = &mut self.columns;
        let all = || conditions.iter();
        let places = self.places.keep(all().map(|at| at.place));
        let homes = self.homes.keep(all().map(|at| at.home));
        let languages = self.languages.keep(all().map(|at| at.languages));
        let blocked = self.blocked.keep(all().map(|at| at.blocked));
        let standings = self.standings.keep(all().map(|at| at.standing));
        let availabilities = self.availabilities.keep(all().map(|at| at.availability));
        let currencies = self.currencies.keep(rows.iter().map(|row| row.currency));
        for at in conditions {
            at.place = moved(&places, at.place);
            at.home = moved(&homes, at.home);
            at.languages = moved(&languages, at.languages);
            at.blocked = moved(&blocked, at.blocked);
            at.standing = moved(&standings, at.standing);
            at.availability = moved(&availabilities, at.availability);
        }
        for row in rows {
            row.currency = moved(&currencies, row.currency);
        }
    }

    fn sweep_skills(&mut self) {
        let places = self.skills.keep(self.columns.skills.iter().map(|held| held.skill()));
        let mut is_kept = places.iter().map(Option::is_some);
        self.skill_facts.retain(|_| is_kept.next().unwrap_or(false));
        for held in &mut self.columns.skills {
            *held = held.renumbered(moved(&places, held.skill()));
        }
    }

    fn sweep_titles(&mut self) {
        let places = self.titles.keep(self.columns.positions.iter().map(|held| held.title()));
        let mut is_kept = places.iter().map(Option::is_some);
        self.title_facts.retain(|_| is_kept.next().unwrap_or(false));
        for held in &mut self.columns.positions {
            *held = held.renumbered(moved(&places, held.title()));
        }
        let used = self.title_facts.iter().flat_map(|facts| facts.stems.iter().copied());
        let stems = self.stems.keep(used);
        for stem in self.title_facts.iter_mut().flat_map(|facts| &mut facts.stems) {
            *stem = moved(&stems, *stem);
        }
    }
}

/// INVARIANT: whatever is in use was kept.
fn moved(places: &[Option<u32>], number: u32) -> u32 {
    places.get(number as usize).copied().flatten().unwrap_or(number)
}
