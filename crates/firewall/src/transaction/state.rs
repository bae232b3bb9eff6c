//! What a transaction knows while its rules run.

use std::sync::Arc;

use crate::{
    Event, Interruption, Match, Mode, Options, Phase, Step,
    bit_set::BitSet,
    program::{Link, Matcher, Program, Removal, Rule},
    seclang::{action::Allow, ctl::Processor, variable::Variable},
};

use super::{
    collections::{Collections, Filler},
    columns::{Columns, Filling},
    values::{Span, Values},
    written::{Name, Written},
};

/// A value as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Number(i64),
    Bytes(Span),
}

/// The name of a value's member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    None,
    Span(Span),
    Name(Name),
}

/// A value that a link matched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matched {
    pub(crate) variable: Variable,
    pub(crate) key: Key,
    pub(crate) value: Value,
}

/// Everything about a running transaction but its program.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) mode: Mode,
    pub(crate) values: Values,
    pub(crate) collections: Collections,
    pub(crate) columns: Columns,
    pub(crate) written: Written,
    pub(crate) removed: BitSet,
    pub(crate) removals: Vec<Arc<Removal>>,
    /// `MATCHED_VARS`; the last is `MATCHED_VAR`.
    pub(crate) matched: Vec<Matched>,
    pub(crate) processor: Option<Processor>,
    pub(crate) force_body: bool,
    pub(crate) request_body_access: bool,
    pub(crate) response_body_access: bool,
    pub(crate) audit: bool,
    pub(crate) highest_severity: Option<crate::Severity>,
    pub(crate) allow: Option<(Allow, Phase)>,
    pub(crate) interruption: Option<Interruption>,
    pub(crate) matches: Vec<Match>,
    pub(crate) events: Vec<Event>,
    /// The span of the last match in its value.
    pub(crate) span: Option<(usize, usize)>,
    /// Lent to texts while they are put together.
    pub(crate) scratch: Vec<u8>,
}

/// The rule that runs.
#[derive(Clone, Copy)]
pub(crate) struct Running<'p> {
    pub(crate) program: &'p Program,
    pub(crate) rule: &'p Rule,
    /// Its place in [`Program::rules`].
    pub(crate) index: u32,
    /// Its head.
    pub(crate) head: &'p Link,
}

impl State {
    pub(crate) fn new(program: &Program, options: Options) -> Self {
        let limits = options.limits.as_ref().unwrap_or(&program.settings.limits);
        let mut removals = Vec::new();
        let mut removed = BitSet::new(program.rules.len());
        if let Some(exclusions) = &options.exclusions {
            removed.add(&exclusions.removed);
            removals.extend(exclusions.removals.iter().cloned());
        }
        Self {
            mode: options.mode.unwrap_or(program.settings.mode),
            values: Values::new(limits.arena_bytes_max, options.without_prefilter),
            collections: Collections::new(),
            columns: Columns::new(program),
            written: Written::new(&program.names),
            removed,
            removals,
            matched: Vec::new(),
            processor: None,
            force_body: false,
            request_body_access: program.settings.request_body,
            response_body_access: program.settings.response_body,
            audit: true,
            highest_severity: None,
            allow: None,
            interruption: None,
            matches: Vec::new(),
            events: Vec::new(),
            span: None,
            scratch: Vec::new(),
            options,
        }
    }

    pub(crate) fn filler<'a>(&'a mut self, program: &'a Program) -> Filler<'a> {
        Filler {
            values: &mut self.values,
            collections: &mut self.collections,
            hasher: &program.hasher,
        }
    }

    pub(crate) fn parts(&mut self) -> (&mut Columns, Filling<'_>) {
        let filling = Filling { values: &mut self.values, collections: &self.collections };
        (&mut self.columns, filling)
    }

    /// The bytes of a value; a number's digits are kept.
    pub(crate) fn span_of(&mut self, value: Value) -> Span {
        match value {
            Value::Number(number) => self.values.store_number(number),
            Value::Bytes(span) => span,
        }
    }

    /// The bytes of a member's name.
    pub(crate) fn key_bytes<'a>(&'a self, key: Key, program: &'a Program) -> &'a [u8] {
        match key {
            Key::None => &[],
            Key::Span(span) => self.values.bytes(span),
            Key::Name(name) => self.written.name_bytes(name, &program.names, &self.values),
        }
    }

    /// Whether the rule may not look at a member.
    pub(crate) fn is_excluded(
        &self,
        without: &[Matcher],
        rule: u32,
        variable: Variable,
        name: &[u8],
    ) -> bool {
        without.iter().any(|matcher| matcher.matches(variable, name))
            || self.removals.iter().any(|removal| {
                removal.rules.contains(rule as usize)
                    && removal.targets.iter().any(|matcher| matcher.matches(variable, name))
            })
    }

    /// Notes an event, where somebody wants to know.
    pub(crate) fn note(&mut self, running: Running<'_>, step: impl FnOnce(&mut Self) -> Step) {
        if self.options.explain && self.events.len() < EVENTS_MAX {
            let step = step(self);
            let event = Event { id: running.rule.id, phase: running.rule.phase, step };
            self.events.push(event);
        }
    }

    /// The name of a matched variable, such as `ARGS:q`.
    pub(crate) fn matched_name(&self, matched: &Matched, program: &Program, out: &mut Vec<u8>) {
        out.extend_from_slice(matched.variable.name().as_bytes());
        if matched.key != Key::None {
            out.push(b':');
            out.extend_from_slice(self.key_bytes(matched.key, program));
        }
    }
}

/// Events that are kept.
const EVENTS_MAX: usize = 65_536;
