//! Whether a link of a rule matches, and what it does for each value that does.

use crate::{
    Step,
    program::{
        Bucket, Check, Link, Live, Look, NumberOperator, Program, TextOperator, Which,
        tests::{Found, integer},
    },
    seclang::{target::Role, variable::Variable},
};

use super::{
    collections::Entry,
    state::{Key, Matched, Running, State, Value},
    values::ValueId,
    written::{Held, Name},
};

/// A condition whose argument is known.
enum Ready {
    Test(u32),
    Text(TextOperator, Vec<u8>),
    Number(NumberOperator, i64),
}

impl State {
    /// Runs one link; tells whether a value matched.
    pub(crate) fn link(&mut self, link: &Link, depth: usize, running: Running<'_>) -> bool {
        match &link.look {
            Look::Nothing => {
                self.note(running, |_| Step::Matched {
                    link: depth,
                    variable: String::new(),
                    value: Vec::new(),
                    span: None,
                    transformations: Vec::new(),
                });
                for deed in &link.sets {
                    self.act(deed, running);
                }
                true
            }
            Look::Bucket(bucket) => self.bucket(*bucket, link, depth, running),
            Look::Live(targets) => self.live(targets, link, depth, running),
        }
    }

    fn ready(&mut self, link: &Link, running: Running<'_>) -> Ready {
        match &link.check {
            Check::Test(test) => Ready::Test(*test),
            Check::Number(operator, text) => Ready::Number(*operator, self.number(text, running)),
            Check::Text(operator, text) => {
                let mut out = Vec::new();
                self.expand(text, running, &mut out);
                Ready::Text(*operator, out)
            }
        }
    }

    fn bucket(&mut self, index: u32, link: &Link, depth: usize, running: Running<'_>) -> bool {
        let program = running.program;
        let Some(bucket) = program.buckets.get(index as usize) else { return false };
        if let Check::Test(test) = &link.check
            && !link.negated
            && bucket.filtered
        {
            let (columns, mut filling) = self.parts();
            if !columns.may_meet(index, *test, program, &mut filling) {
                self.note(running, |_| Step::Looked { values: 0, tested: 0 });
                return false;
            }
        }
        let ready = self.ready(link, running);
        let mut tally = Tally::default();
        for group in bucket.columns.chunks(bucket.depth.max(1)) {
            self.group(bucket, group, (link, depth, &ready), running, &mut tally);
        }
        if !tally.matched {
            self.note(running, |_| Step::Looked { values: tally.values, tested: tally.tested });
        }
        tally.matched
    }

    /// Looks at the values of one target.
    fn group(
        &mut self,
        bucket: &Bucket,
        group: &[u32],
        (link, depth, ready): (&Link, usize, &Ready),
        running: Running<'_>,
        tally: &mut Tally,
    ) {
        let program = running.program;
        let (columns, mut filling) = self.parts();
        let rows = columns.rows(group, program, &mut filling);
        let variable = group
            .first()
            .and_then(|column| program.columns.get(*column as usize))
            .and_then(|column| program.sources.get(column.source as usize))
            .map_or(Variable::Tx, |source| source.variable);
        for row in 0..rows.len() {
            tally.values += 1;
            let mut before: Option<ValueId> = None;
            for step in 0..rows.depth() {
                let Some((entry, id)) = self.columns.cell(&rows, row, step) else { break };
                if before.replace(id) == Some(id) || !self.may(ready, id, (link, bucket), program) {
                    continue;
                }
                tally.tested += 1;
                if self.holds(ready, id, bucket, program) == link.negated
                    || self.is_hidden(bucket, running.index, variable, entry)
                {
                    continue;
                }
                tally.matched = true;
                let value = Value::Bytes(self.values.span(id));
                let key = if variable.is_collection() { Key::Span(entry.key) } else { Key::None };
                self.hit(Matched { variable, key, value }, (link, depth, ready), running);
            }
        }
    }

    fn is_hidden(&self, bucket: &Bucket, rule: u32, variable: Variable, entry: Entry) -> bool {
        let name = self.values.bytes(entry.key);
        self.is_excluded(&bucket.without, rule, variable, name)
    }

    /// Whether the operator has to run at all.
    fn may(
        &mut self,
        ready: &Ready,
        id: ValueId,
        (link, bucket): (&Link, &Bucket),
        program: &Program,
    ) -> bool {
        match ready {
            Ready::Test(test) if bucket.filtered && !link.negated => {
                self.values.may_meet(id, *test, program)
            }
            _ => true,
        }
    }

    fn holds(&mut self, ready: &Ready, id: ValueId, bucket: &Bucket, program: &Program) -> bool {
        match ready {
            Ready::Test(test) if bucket.filtered => self.values.meets(id, *test, program),
            _ => holds_bytes(ready, self.values.value(id), program),
        }
    }

    fn live(&mut self, targets: &[Live], link: &Link, depth: usize, running: Running<'_>) -> bool {
        let ready = self.ready(link, running);
        let mut matched = false;
        let mut members = Vec::new();
        for target in targets {
            if let Some(member) = self.quick(target) {
                matched |= self.try_live(member, (link, depth, &ready), running);
                continue;
            }
            self.members(target, running, &mut members);
            for member in members.drain(..) {
                matched |= self.try_live(member, (link, depth, &ready), running);
            }
        }
        if !matched {
            self.note(running, |_| Step::Looked { values: targets.len(), tested: targets.len() });
        }
        matched
    }

    /// One written variable by its name: what most live targets are.
    fn quick(&mut self, target: &Live) -> Option<Matched> {
        let Which::Slot(slot) = target.which else { return None };
        let variable = target.variable;
        let key = Key::Name(Name::Slot(slot));
        let value = match (target.role, self.written.slot(slot)) {
            (Role::Count, held) => Value::Number(i64::from(held != Held::Unset)),
            (_, Held::Unset) => return None,
            (_, Held::Number(number)) => Value::Number(number),
            (_, Held::Bytes(span)) => Value::Bytes(span),
        };
        Some(Matched { variable, key, value })
    }

    fn members(&mut self, target: &Live, running: Running<'_>, out: &mut Vec<Matched>) {
        let variable = target.variable;
        let program = running.program;
        match &target.which {
            Which::Slot(_) => {}
            Which::Source(source) => {
                self.synthesise(variable, program);
                let known =
                    super::columns::Known { values: &self.values, collections: &self.collections };
                for entry in self.columns.source(*source, program, &known) {
                    let key =
                        if variable.is_collection() { Key::Span(entry.key) } else { Key::None };
                    let value = Value::Bytes(self.values.span(entry.value));
                    out.push(Matched { variable, key, value });
                }
            }
            Which::All | Which::Pattern(_) => self.written_members(target, running, out),
        }
        out.retain(|member| {
            let name = self.key_bytes(member.key, program);
            !self.is_excluded(&target.without, running.index, variable, name)
        });
        if target.role == Role::Count {
            let value = Value::Number(out.len() as i64);
            out.clear();
            out.push(Matched { variable, key: Key::None, value });
        }
    }

    /// `RULE:id` and its kin.
    fn rule_members(&mut self, running: Running<'_>, out: &mut Vec<Matched>) {
        for name in ["id", "rev", "severity", "msg", "logdata"] {
            let mut value = Vec::new();
            self.push_rule(name, running, &mut value);
            if !value.is_empty() {
                let key = Key::Span(self.values.store(name.as_bytes()));
                let value = Value::Bytes(self.values.store(&value));
                out.push(Matched { variable: Variable::Rule, key, value });
            }
        }
    }

    fn written_members(&mut self, target: &Live, running: Running<'_>, out: &mut Vec<Matched>) {
        let program = running.program;
        let variable = target.variable;
        let matcher = match &target.which {
            Which::Pattern(matcher) => Some(matcher),
            _ => None,
        };
        if variable.is_writable() {
            let names = &program.names;
            for name in self.written.members(variable, matcher, names, &self.values) {
                let value = match self.written.get(name) {
                    Held::Number(number) => Value::Number(number),
                    held => Value::Bytes(held.span(&mut self.values)),
                };
                out.push(Matched { variable, key: Key::Name(name), value });
            }
            return;
        }
        if variable == Variable::Rule {
            self.rule_members(running, out);
        } else {
            self.dynamic_members(variable, program, out);
        }
        if let Some(matcher) = matcher {
            out.retain(|member| matcher.matches_name(self.key_bytes(member.key, program)));
        }
    }

    /// `MATCHED_VARS` and other variables that matches change. The matched keep their own names.
    fn dynamic_members(&mut self, variable: Variable, program: &Program, out: &mut Vec<Matched>) {
        match variable {
            Variable::MatchedVars => out.extend_from_slice(&self.matched),
            Variable::MatchedVar => out.extend(self.matched.last().copied()),
            Variable::MatchedVarsNames | Variable::MatchedVarName => {
                let from = match variable {
                    Variable::MatchedVarName => self.matched.len().saturating_sub(1),
                    _ => 0,
                };
                for index in from..self.matched.len() {
                    let Some(member) = self.matched.get(index).copied() else { break };
                    let mut name = Vec::new();
                    self.matched_name(&member, program, &mut name);
                    let span = self.values.store(&name);
                    let value = Value::Bytes(span);
                    out.push(Matched { variable, key: member.key, value });
                }
            }
            Variable::ReqbodyProcessor => {
                if let Some(processor) = self.processor {
                    let value = Value::Bytes(self.values.store(processor.name().as_bytes()));
                    out.push(Matched { variable, key: Key::None, value });
                }
            }
            Variable::HighestSeverity => {
                let number = self.highest_severity.map_or(255, |severity| severity.number());
                let value = Value::Number(i64::from(number));
                out.push(Matched { variable, key: Key::None, value });
            }
            _ => {}
        }
    }

    /// Transforms and tests one live value.
    fn try_live(
        &mut self,
        member: Matched,
        (link, depth, ready): (&Link, usize, &Ready),
        running: Running<'_>,
    ) -> bool {
        if link.form == 0
            && let Value::Number(number) = member.value
            && let Some(holds) = number_holds(ready, number, running.program)
        {
            if holds != link.negated {
                self.hit(member, (link, depth, ready), running);
            }
            return holds != link.negated;
        }
        let program = running.program;
        if link.form == 0 {
            let span = self.span_of(member.value);
            let matched = holds_bytes(ready, self.values.bytes(span), program) != link.negated;
            if matched {
                let value = Value::Bytes(span);
                self.hit(Matched { value, ..member }, (link, depth, ready), running);
            }
            return matched;
        }
        let mut path = Vec::new();
        let mut form = link.form;
        while let Some(node) = program.forms.get(form as usize).filter(|_| form != 0) {
            path.push(node.index);
            form = node.parent;
        }
        let span = self.span_of(member.value);
        let bytes = self.values.bytes(span).to_vec();
        let mut id = self.values.intern(&bytes, &program.hasher);
        let mut matched = false;
        let mut before = None;
        loop {
            let next = path.pop();
            if (link.multi || next.is_none()) && before.replace(id) != Some(id) {
                let holds = holds_bytes(ready, self.values.value(id), program);
                if holds != link.negated {
                    let value = Value::Bytes(self.values.span(id));
                    self.hit(Matched { value, ..member }, (link, depth, ready), running);
                    matched = true;
                }
            }
            let Some(transform) = next else { return matched };
            id = self.values.transformed(id, transform, program);
        }
    }

    /// What a match does at once: captures, `MATCHED_VAR`, `setvar`.
    fn hit(
        &mut self,
        matched: Matched,
        (link, depth, ready): (&Link, usize, &Ready),
        running: Running<'_>,
    ) {
        self.span = None;
        if link.capture && !link.negated {
            self.locate(matched.value, ready, running.program);
        }
        if self.matched.len() < MATCHED_MAX {
            self.matched.push(matched);
        }
        self.note(running, |state| state.matched_step(&matched, link, depth, running.program));
        for deed in &link.sets {
            self.act(deed, running);
        }
        if link.multi && depth == 0 && running.rule.count == 1 {
            self.log(link, running);
        }
    }

    fn locate(&mut self, value: Value, ready: &Ready, program: &Program) {
        let span = self.span_of(value);
        let mut found = Found::default();
        let bytes = self.values.bytes(span);
        match ready {
            Ready::Test(test) => {
                if let Some(test) = program.tests.get(*test as usize) {
                    test.locate(bytes, &mut found);
                }
            }
            Ready::Text(operator, text) => operator.locate(bytes, text, &mut found),
            Ready::Number(..) => {}
        }
        self.span = found.span();
        let mut groups =
            found.groups.map(|group| group.map(|(from, to)| Held::Bytes(span.part(from, to))));
        if let (Some(text), Some(first)) = (&found.text, groups.first_mut()) {
            *first = Some(Held::Bytes(self.values.store(text)));
        }
        self.capture(&groups, program);
    }

    fn matched_step(
        &mut self,
        matched: &Matched,
        link: &Link,
        depth: usize,
        program: &Program,
    ) -> Step {
        let mut name = Vec::new();
        self.matched_name(matched, program, &mut name);
        let span = self.span_of(matched.value);
        let mut transformations = Vec::new();
        let mut form = link.form;
        while let Some(node) = program.forms.get(form as usize).filter(|_| form != 0) {
            transformations.extend(node.transform.map(|transform| transform.name()));
            form = node.parent;
        }
        transformations.reverse();
        Step::Matched {
            link: depth,
            variable: String::from_utf8_lossy(&name).into_owned(),
            value: self.values.bytes(span).to_vec(),
            span: self.span,
            transformations,
        }
    }
}

#[derive(Default)]
struct Tally {
    values: usize,
    tested: usize,
    matched: bool,
}

fn holds_bytes(ready: &Ready, value: &[u8], program: &Program) -> bool {
    match ready {
        Ready::Test(test) => {
            program.tests.get(*test as usize).is_some_and(|test| test.holds(value))
        }
        Ready::Text(operator, text) => operator.holds(value, text),
        Ready::Number(operator, number) => operator.holds(integer(value), *number),
    }
}

/// Numbers are compared without their digits.
fn number_holds(ready: &Ready, number: i64, program: &Program) -> Option<bool> {
    use crate::program::Test;
    match ready {
        Ready::Number(operator, with) => Some(operator.holds(number, *with)),
        Ready::Test(test) => match program.tests.get(*test as usize)? {
            Test::Number(operator, with) => Some(operator.holds(number, *with)),
            _ => None,
        },
        Ready::Text(..) => None,
    }
}

/// `MATCHED_VARS` that are kept.
const MATCHED_MAX: usize = 4096;
