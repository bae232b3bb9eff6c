//! What the answer says, by variable.

use crate::{program::Program, seclang::variable::Variable};

use super::state::State;

impl State {
    pub(crate) fn response_line(&mut self, status: u16, protocol: &[u8], program: &Program) {
        let mut filler = self.filler(program);
        filler.set_number(Variable::ResponseStatus, i64::from(status));
        filler.set(Variable::ResponseProtocol, protocol);
        let mut line = protocol.to_vec();
        line.extend_from_slice(format!(" {status}").as_bytes());
        filler.set(Variable::StatusLine, &line);
    }

    pub(crate) fn response_header(&mut self, name: &[u8], value: &[u8], program: &Program) {
        if self.collections.of(Variable::ResponseHeaders).len() >= self.values_max(program) {
            return;
        }
        let mut filler = self.filler(program);
        let names = Some(Variable::ResponseHeadersNames);
        filler.add(Variable::ResponseHeaders, names, name, value);
        if name.eq_ignore_ascii_case(b"content-type") {
            let media_type = media_type(value);
            filler.set(Variable::ResponseContentType, &media_type);
        }
    }

    /// Whether the answer's media type is one that rules look into.
    pub(crate) fn wants_response_body(&self, program: &Program) -> bool {
        let types = &program.settings.response_types;
        let mut found = self.collections.of(Variable::ResponseContentType).iter();
        self.response_body_access
            && found.next().is_some_and(|entry| {
                let value = self.values.value(entry.value);
                types.iter().any(|known| known.as_bytes() == value)
            })
    }

    pub(crate) fn read_response(&mut self, body: &[u8], is_cut: bool, program: &Program) {
        let mut filler = self.filler(program);
        if !body.is_empty() {
            filler.set(Variable::ResponseBody, body);
        }
        filler.set_number(Variable::ResponseContentLength, body.len() as i64);
        filler.set_flag(Variable::OutboundDataError, is_cut);
    }
}

fn media_type(value: &[u8]) -> Vec<u8> {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_ascii().to_ascii_lowercase()
}
