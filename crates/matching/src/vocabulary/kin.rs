//! Which skills are related, asked from either side.

use std::collections::HashMap;

use super::{Concept, Relation};

/// Who is related to whom, beyond what a concept says itself.
#[derive(Debug, Default)]
pub(super) struct Kin {
    /// Of each concept the number of the one that names its group.
    parents: Vec<Option<u32>>,
    members: HashMap<u32, Vec<u32>>,
    /// For each concept those that say it is near, one after the other, and where each's begin.
    saying: Vec<u32>,
    starts: Vec<u32>,
}

impl Kin {
    pub(super) fn new(skills: &[Concept], parents: Vec<Option<u32>>) -> Self {
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for (number, parent) in (0_u32..).zip(&parents) {
            if let Some(parent) = parent {
                members.entry(*parent).or_default().push(number);
            }
        }
        let mut said: Vec<(u32, u32)> = (0_u32..)
            .zip(skills)
            .flat_map(|(number, skill)| skill.near.iter().map(move |near| (*near, number)))
            .collect();
        said.sort_unstable();
        let before = |number: u32| said.partition_point(|(near, _)| *near < number) as u32;
        let starts = (0..=skills.len() as u32).map(before).collect();
        Self { parents, members, saying: said.iter().map(|(_, number)| *number).collect(), starts }
    }

    /// How two different skills are related, if they are.
    pub(super) fn relation(&self, skills: &[Concept], one: u32, other: u32) -> Option<Relation> {
        let (mine, theirs) = (self.parent(one), self.parent(other));
        if mine == Some(other) || theirs == Some(one) {
            return Some(Relation::Parent);
        }
        let is_near = |one: u32, other: u32| {
            skills.get(one as usize).is_some_and(|concept| concept.near.contains(&other))
        };
        let is_sibling =
            mine.is_some() && mine == theirs || is_near(one, other) || is_near(other, one);
        is_sibling.then_some(Relation::Sibling)
    }

    /// Every skill that is related to one, in the order of their numbers.
    pub(super) fn of(&self, skills: &[Concept], one: u32) -> Vec<(u32, Relation)> {
        let members = |parent: u32| self.members.get(&parent).map_or(&[][..], Vec::as_slice);
        let parent = self.parent(one);
        let siblings = parent.map_or(&[][..], members).iter();
        let near = skills.get(one as usize).map_or(&[][..], |concept| &concept.near).iter();
        let mut kin: Vec<(u32, Relation)> = parent
            .iter()
            .chain(members(one))
            .map(|number| (*number, Relation::Parent))
            .chain(siblings.chain(near).chain(self.saying(one)).map(|it| (*it, Relation::Sibling)))
            .filter(|(number, _)| *number != one)
            .collect();
        // A stable sort: who is a parent and a sibling is a parent.
        kin.sort_by_key(|(number, _)| *number);
        kin.dedup_by_key(|(number, _)| *number);
        kin
    }

    fn parent(&self, number: u32) -> Option<u32> {
        self.parents.get(number as usize).copied().flatten()
    }

    fn saying(&self, number: u32) -> &[u32] {
        let at = |number: usize| self.starts.get(number).map_or(0, |start| *start as usize);
        let number = number as usize;
        self.saying.get(at(number)..at(number + 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::vocabulary::Vocabulary;

    #[test]
    fn kin_are_those_that_are_related() {
        let vocabulary = Vocabulary::shared();
        let all = 0..vocabulary.counts().0 as u32;
        let named = ["Kubernetes", "container orchestration", "Haskell", "manage musical staff"]
            .map(|name| vocabulary.skill("", name).unwrap());

        for one in named {
            let related = all.clone().filter(|other| *other != one);
            let related: Vec<_> =
                related.filter_map(|it| Some((it, vocabulary.relation(one, it)?))).collect();

            assert_eq!(vocabulary.related(one), related);
            assert!(!related.is_empty());
        }
    }
}
