//! What the request line, the headers and the clock say, by variable.

use std::net::IpAddr;

use crate::{
    body::{self, urlencoded},
    cookies,
    program::Program,
    seclang::{ctl::Processor, variable::Variable},
    uri::Target,
};

use super::{collections::Filler, state::State};

impl State {
    pub(crate) fn connection(
        &mut self,
        client: (IpAddr, u16),
        server: (IpAddr, u16),
        program: &Program,
    ) {
        let remote = client.0.to_canonical().to_string();
        let mut filler = self.filler(program);
        filler.set(Variable::RemoteAddr, remote.as_bytes());
        filler.set(Variable::RemoteHost, remote.as_bytes());
        filler.set_number(Variable::RemotePort, i64::from(client.1));
        filler.set(Variable::ServerAddr, server.0.to_canonical().to_string().as_bytes());
        filler.set_number(Variable::ServerPort, i64::from(server.1));
    }

    pub(crate) fn request_line(
        &mut self,
        method: &[u8],
        target: &[u8],
        protocol: &[u8],
        program: &Program,
    ) {
        // RFC 1945 §4.1: a request line without a version is one of HTTP/0.9.
        let protocol = if protocol.is_empty() { b"HTTP/0.9" } else { protocol };
        let parsed = Target::parse(target);
        let separator = program.settings.separator;
        let values_max = self.values_max(program);
        let mut filler = self.filler(program);
        filler.set(Variable::RequestMethod, method);
        filler.set(Variable::RequestProtocol, protocol);
        filler.set(Variable::RequestUriRaw, target);
        let line = [method, target, protocol].join(&b' ');
        filler.set(Variable::RequestLine, &line);
        filler.set(Variable::RequestUri, &parsed.uri);
        filler.set(Variable::RequestFilename, &parsed.filename);
        filler.set(Variable::PathInfo, &parsed.filename);
        filler.set(Variable::RequestBasename, parsed.basename());
        let query = parsed.query.unwrap_or_default();
        filler.set(Variable::QueryString, query);
        let from = Arguments { own: Variable::ArgsGet, names: Variable::ArgsGetNames, values_max };
        let fault = from.read(query, separator, &mut filler);
        filler.set_flag(Variable::UrlencodedError, fault);
        self.sum_arguments(program);
    }

    /// Limits of this transaction.
    pub(crate) fn values_max(&self, program: &Program) -> usize {
        self.options.limits.as_ref().unwrap_or(&program.settings.limits).values_max
    }

    pub(crate) fn request_header(&mut self, name: &[u8], value: &[u8], program: &Program) {
        if self.collections.of(Variable::RequestHeaders).len() >= self.values_max(program) {
            return;
        }
        let values_max = self.values_max(program);
        let mut filler = self.filler(program);
        filler.add(Variable::RequestHeaders, Some(Variable::RequestHeadersNames), name, value);
        if name.eq_ignore_ascii_case(b"cookie") {
            let names = Some(Variable::RequestCookiesNames);
            let mut left = values_max;
            cookies::parse(value, &mut |name, value| {
                filler.add(Variable::RequestCookies, names, name, value);
                left = left.saturating_sub(1);
                left > 0
            });
        }
        if name.eq_ignore_ascii_case(b"content-type") {
            self.processor = default_processor(value);
        }
        if name.eq_ignore_ascii_case(b"host") {
            let host = value.split(|byte| *byte == b':').next().unwrap_or_default();
            self.filler(program).set(Variable::ServerName, host);
        }
        if name.eq_ignore_ascii_case(b"authorization") {
            let kind = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            self.filler(program).set(Variable::AuthType, kind);
        }
    }

    /// Counts the bytes of all arguments' names and values.
    pub(crate) fn sum_arguments(&mut self, program: &Program) {
        let mut sum = 0;
        for entry in self.collections.of(Variable::Args) {
            sum += entry.key.length() + self.values.span(entry.value).length();
        }
        self.filler(program).set_number(Variable::ArgsCombinedSize, sum as i64);
    }

    /// Fills variables that are seldom asked for and cost something.
    pub(crate) fn synthesise(&mut self, variable: Variable, program: &Program) {
        if !self.collections.of(variable).is_empty() {
            return;
        }
        if let Some((number, width)) = clock(variable, self.options.unix_seconds) {
            let text = format!("{number:0width$}");
            self.filler(program).set(variable, text.as_bytes());
        }
        if variable == Variable::Time {
            let part = |of| clock(of, self.options.unix_seconds).map_or(0, |(number, _)| number);
            let (hour, minute) = (part(Variable::TimeHour), part(Variable::TimeMin));
            let text = format!("{hour:02}:{minute:02}:{:02}", part(Variable::TimeSec));
            self.filler(program).set(variable, text.as_bytes());
        }
    }

    /// The whole request as text, for rules that still ask for it.
    pub(crate) fn full_request(&mut self, body: &[u8], program: &Program) {
        let wanted = [Variable::FullRequest, Variable::FullRequestLength];
        if !program.sources.iter().any(|source| wanted.contains(&source.variable)) {
            return;
        }
        let mut text = Vec::new();
        for entry in self.collections.of(Variable::RequestHeaders) {
            text.extend_from_slice(self.values.bytes(entry.key));
            text.extend_from_slice(b": ");
            text.extend_from_slice(self.values.value(entry.value));
            text.push(b'\n');
        }
        text.extend_from_slice(b"\n\n");
        text.extend_from_slice(body);
        let mut filler = self.filler(program);
        filler.set(Variable::FullRequest, &text);
        filler.set_number(Variable::FullRequestLength, text.len() as i64);
    }
}

/// Where arguments are put.
pub(crate) struct Arguments {
    pub(crate) own: Variable,
    pub(crate) names: Variable,
    pub(crate) values_max: usize,
}

impl Arguments {
    /// Adds one argument; false when there are too many.
    pub(crate) fn add(&self, name: &[u8], value: &[u8], filler: &mut Filler<'_>) -> bool {
        if filler.collections.of(Variable::Args).len() >= self.values_max {
            return false;
        }
        filler.add(self.own, Some(self.names), name, value);
        filler.add(Variable::Args, Some(Variable::ArgsNames), name, value);
        true
    }

    /// Reads a form or a query; tells whether something in it was wrong.
    pub(crate) fn read(&self, text: &[u8], separator: u8, filler: &mut Filler<'_>) -> bool {
        let result = urlencoded::parse(text, separator, &mut |piece| match piece {
            body::Piece::Argument { name, value } => self.add(name, value, filler),
            _ => true,
        });
        result != Ok(false)
    }
}

/// How a body of a media type is read without a rule saying so.
fn default_processor(media_type: &[u8]) -> Option<Processor> {
    let lower = media_type.trim_ascii_start().to_ascii_lowercase();
    if lower.starts_with(b"application/x-www-form-urlencoded") {
        Some(Processor::UrlEncoded)
    } else if lower.starts_with(b"multipart/form-data") {
        Some(Processor::Multipart)
    } else {
        None
    }
}

/// A part of the time (UTC) and how many digits it has.
fn clock(variable: Variable, unix_seconds: i64) -> Option<(i64, usize)> {
    let days = unix_seconds.div_euclid(86_400);
    let second = unix_seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    Some(match variable {
        Variable::TimeEpoch => (unix_seconds, 1),
        Variable::TimeYear => (year, 4),
        Variable::TimeMon => (month, 2),
        Variable::TimeDay => (day, 2),
        Variable::TimeHour => (second / 3600, 2),
        Variable::TimeMin => (second / 60 % 60, 2),
        Variable::TimeSec => (second % 60, 2),
        Variable::TimeWday => ((days + 4).rem_euclid(7), 1),
        Variable::Duration => (0, 1),
        _ => return None,
    })
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
const fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the day of a leap year comes last.
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + (month <= 2) as i64, month, day)
}
