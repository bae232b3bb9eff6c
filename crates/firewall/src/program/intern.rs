//! Things that rules share, each kept once.

use std::{collections::HashMap, hash::Hash};

use crate::{
    seclang::{check::Operator, target::Role, target::Target, variable::Variable},
    transform::Transform,
};

use super::{Bucket, Column, Form, Live, Matcher, Names, Source, Test, Which};

/// The shared parts of a program while it is built.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) names: Names,
    pub(crate) forms: Vec<Form>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) columns: Vec<Column>,
    pub(crate) sources: Vec<Source>,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) tests: Vec<Test>,
    forms_known: HashMap<(u32, Transform), u32>,
    sources_known: HashMap<Source, u32>,
    columns_known: HashMap<(u32, u32), u32>,
    buckets_known: HashMap<(Vec<u32>, usize, Vec<Matcher>), u32>,
    tests_known: HashMap<(Operator, String, String), u32>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let root = Form { parent: 0, transform: None, index: 0 };
        Self { forms: vec![root], ..Self::default() }
    }

    /// The form of a chain of transformations.
    pub(crate) fn form(&mut self, chain: &[Transform]) -> u32 {
        let mut form = 0;
        for transform in chain {
            let index = self.transforms.iter().position(|known| known == transform);
            let index = index.unwrap_or_else(|| {
                self.transforms.push(*transform);
                self.transforms.len() - 1
            });
            let next = Form { parent: form, transform: Some(*transform), index: index as u8 };
            form = intern(&mut self.forms, &mut self.forms_known, (form, *transform), || next);
        }
        form
    }

    fn source(&mut self, variable: Variable, matcher: Matcher) -> u32 {
        let matcher = (!matcher.is_all()).then_some(matcher);
        let source = Source { variable, matcher };
        intern(&mut self.sources, &mut self.sources_known, source.clone(), || source)
    }

    fn column(&mut self, source: u32, form: u32) -> u32 {
        let made_from = match self.forms.get(form as usize).copied() {
            Some(Form { parent, index, .. }) if form != 0 => {
                Some((self.column(source, parent), index))
            }
            _ => None,
        };
        let column = Column { source, from: made_from };
        intern(&mut self.columns, &mut self.columns_known, (source, form), || column)
    }

    /// The bucket of targets that no rule changes.
    pub(crate) fn bucket(&mut self, targets: &[(Target, Matcher)], form: u32, multi: bool) -> u32 {
        let forms = if multi { self.path(form) } else { vec![form] };
        let (mut columns, mut without) = (Vec::new(), Vec::new());
        for (target, matcher) in targets {
            if target.role == Role::Exclude {
                without.push(matcher.clone());
                continue;
            }
            let source = self.source(target.variable, matcher.clone());
            columns.extend(forms.iter().map(|form| self.column(source, *form)));
        }
        let depth = forms.len();
        let key = (columns.clone(), depth, without.clone());
        let bucket =
            Bucket { columns: columns.into(), depth, without: without.into(), filtered: false };
        intern(&mut self.buckets, &mut self.buckets_known, key, || bucket)
    }

    /// A form with all its ancestors, shortest chain first.
    fn path(&self, form: u32) -> Vec<u32> {
        let mut path = vec![form];
        while let Some(first) = path.first().copied().filter(|first| *first != 0) {
            let parent = self.forms.get(first as usize).map_or(0, |form| form.parent);
            path.insert(0, parent);
        }
        path
    }

    /// Targets that are looked up when the rule runs.
    pub(crate) fn live(&mut self, targets: &[(Target, Matcher)]) -> Box<[Live]> {
        let mut live = Vec::new();
        for (target, matcher) in targets.iter().filter(|(target, _)| target.role != Role::Exclude) {
            let variable = target.variable;
            let excludes = targets.iter().filter(|(other, matcher)| {
                other.role == Role::Exclude && matcher.variable() == variable
            });
            let which = if is_stable(variable) {
                Which::Source(self.source(variable, matcher.clone()))
            } else if let Some(key) = matcher.key().filter(|_| variable.is_writable()) {
                Which::Slot(self.names.intern(variable, &String::from_utf8_lossy(key)))
            } else if matcher.is_all() {
                Which::All
            } else {
                Which::Pattern(matcher.clone())
            };
            let without = excludes.map(|(_, matcher)| matcher.clone()).collect();
            live.push(Live { variable, which, role: target.role, without });
        }
        live.into()
    }

    /// The test of an operator with its argument; `folder` is where files it names are looked for.
    pub(crate) fn test(
        &mut self,
        key: (Operator, &str, &str),
        make: impl FnOnce() -> Result<Test, String>,
    ) -> Result<u32, String> {
        let key = (key.0, key.1.to_owned(), key.2.to_owned());
        if let Some(known) = self.tests_known.get(&key) {
            return Ok(*known);
        }
        let test = make()?;
        Ok(intern(&mut self.tests, &mut self.tests_known, key, || test))
    }
}

fn intern<K: Hash + Eq, T>(
    list: &mut Vec<T>,
    known: &mut HashMap<K, u32>,
    key: K,
    make: impl FnOnce() -> T,
) -> u32 {
    *known.entry(key).or_insert_with(|| {
        list.push(make());
        list.len() as u32 - 1
    })
}

/// Whether a variable stays as it is while the rules of a phase run.
pub(crate) const fn is_stable(variable: Variable) -> bool {
    !variable.is_writable()
        && !matches!(
            variable,
            Variable::MatchedVar
                | Variable::MatchedVarName
                | Variable::MatchedVars
                | Variable::MatchedVarsNames
                | Variable::HighestSeverity
                | Variable::ReqbodyProcessor
                | Variable::Rule
        )
}
