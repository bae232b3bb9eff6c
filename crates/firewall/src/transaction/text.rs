//! Putting texts with macros together.

use crate::{
    program::{Piece, Text, tests::integer},
    seclang::variable::Variable,
};

use super::{
    state::{Running, State, Value},
    values::write_number,
    written::Held,
};

impl State {
    /// The number that a text says.
    pub(crate) fn number(&mut self, text: &Text, running: Running<'_>) -> i64 {
        match &*text.parts {
            [Piece::Text(text)] => integer(text),
            [Piece::Slot(slot)] => self.written.slot(*slot).number(&self.values),
            _ => {
                let mut out = std::mem::take(&mut self.scratch);
                out.clear();
                self.expand(text, running, &mut out);
                let number = integer(&out);
                self.scratch = out;
                number
            }
        }
    }

    /// Appends a text with its macros expanded. A macro without a value stands for nothing.
    pub(crate) fn expand(&mut self, text: &Text, running: Running<'_>, out: &mut Vec<u8>) {
        for piece in &text.parts {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Slot(slot) => self.push_held(self.written.slot(*slot), out),
                Piece::Value(variable, key) => {
                    self.push_value(*variable, key.as_deref(), running, out);
                }
            }
        }
    }

    /// A text as a `String`, up to [`TEXT_BYTES_MAX`]; bytes that are not UTF-8 are replaced.
    pub(crate) fn expand_text(&mut self, text: Option<&Text>, running: Running<'_>) -> String {
        let Some(text) = text else { return String::new() };
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.expand(text, running, &mut out);
        out.truncate(TEXT_BYTES_MAX);
        let text = String::from_utf8_lossy(&out).into_owned();
        self.scratch = out;
        text
    }

    fn push_held(&self, held: Held, out: &mut Vec<u8>) {
        match held {
            Held::Unset => {}
            Held::Number(number) => push_number(number, out),
            Held::Bytes(span) => out.extend_from_slice(self.values.bytes(span)),
        }
    }

    fn push_matched(&self, value: Value, out: &mut Vec<u8>) {
        match value {
            Value::Number(number) => push_number(number, out),
            Value::Bytes(span) => out.extend_from_slice(self.values.bytes(span)),
        }
    }

    fn push_value(
        &mut self,
        variable: Variable,
        key: Option<&str>,
        running: Running<'_>,
        out: &mut Vec<u8>,
    ) {
        match variable {
            Variable::MatchedVar | Variable::MatchedVars => {
                if let Some(last) = self.matched.last() {
                    self.push_matched(last.value, out);
                }
            }
            Variable::MatchedVarName | Variable::MatchedVarsNames => {
                if let Some(last) = self.matched.last() {
                    self.matched_name(last, running.program, out);
                }
            }
            Variable::Rule => self.push_rule(key.unwrap_or_default(), running, out),
            Variable::ReqbodyProcessor => {
                let name = self.processor.map_or("", |processor| processor.name());
                out.extend_from_slice(name.as_bytes());
            }
            Variable::HighestSeverity => {
                let severity = self.highest_severity.map_or(255, |severity| severity.number());
                push_number(i64::from(severity), out);
            }
            _ => {
                self.synthesise(variable, running.program);
                self.push_member(variable, key, out);
            }
        }
    }

    fn push_member(&self, variable: Variable, key: Option<&str>, out: &mut Vec<u8>) {
        let mut entries = self.collections.of(variable).iter();
        let found = match key {
            None => entries.next(),
            Some(key) => entries.find(|entry| {
                let name = self.values.bytes(entry.key);
                if variable.is_case_sensitive() {
                    name == key.as_bytes()
                } else {
                    name.eq_ignore_ascii_case(key.as_bytes())
                }
            }),
        };
        if let Some(entry) = found {
            out.extend_from_slice(self.values.value(entry.value));
        }
    }

    /// `%{RULE.id}` and its kin. A message within a message is not expanded again.
    pub(crate) fn push_rule(&mut self, key: &str, running: Running<'_>, out: &mut Vec<u8>) {
        match key.to_ascii_lowercase().as_str() {
            "id" => push_number(i64::from(running.rule.id), out),
            "rev" => out.extend_from_slice(running.rule.rev.as_bytes()),
            "severity" => {
                if let Some(severity) = running.rule.severity {
                    push_number(i64::from(severity.number()), out);
                }
            }
            "msg" => self.push_own(running.head.message.as_ref(), running, out),
            "logdata" => self.push_own(running.head.data.as_ref(), running, out),
            _ => {}
        }
    }

    fn push_own(&mut self, text: Option<&Text>, running: Running<'_>, out: &mut Vec<u8>) {
        for piece in text.into_iter().flat_map(|text| &text.parts) {
            match piece {
                Piece::Value(Variable::Rule, _) => {}
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Slot(slot) => self.push_held(self.written.slot(*slot), out),
                Piece::Value(variable, key) => {
                    self.push_value(*variable, key.as_deref(), running, out);
                }
            }
        }
    }
}

fn push_number(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let from = write_number(number, &mut digits);
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Bytes of a message that are kept: a request must not be able to make a log grow at will.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;
