//! Whether a stage went as expected, in go-ftw's order: error, status, log.

use std::io;

use regex::Regex;

use super::{
    matches::Line,
    suite::{Expected, Output},
};

/// What a stage left behind.
pub(super) struct Evidence {
    /// The status of the answer.
    pub(super) answer: io::Result<u16>,
    /// The transactions between its markers.
    pub(super) lines: Vec<Line>,
}

/// Why the stage fails; nothing when it passes.
pub(super) fn fault(expected: &Output, evidence: &Evidence) -> Option<String> {
    let status = match (&evidence.answer, expected.expect_error) {
        (Ok(status), true) => return Some(format!("expected an error, found status {status}")),
        (Err(_), true) => return None,
        (Err(error), false) => return Some(format!("no answer: {error}")),
        (Ok(status), false) => *status,
    };
    if let Some(wanted) = expected.status.filter(|wanted| *wanted != status && *wanted != 0) {
        return Some(format!("expected status {wanted}, found {status}"));
    }
    let mut ids: Vec<u32> =
        evidence.lines.iter().flat_map(|line| line.matched_rule_ids.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    in_ids(&expected.log, expected.isolated, &ids)
        .or_else(|| in_texts(&expected.log, &evidence.lines))
        .map(|fault| format!("{fault}; found {ids:?}, status {status}"))
}

fn in_ids(expected: &Expected, is_isolated: bool, found: &[u32]) -> Option<String> {
    let missing: Vec<_> = expected.expect_ids.iter().filter(|id| !found.contains(id)).collect();
    if !missing.is_empty() {
        return Some(format!("expected {missing:?}"));
    }
    let unwanted: Vec<_> = expected.no_expect_ids.iter().filter(|id| found.contains(id)).collect();
    if !unwanted.is_empty() {
        return Some(format!("did not expect {unwanted:?}"));
    }
    (is_isolated && found.len() != 1).then(|| "expected one rule alone".to_owned())
}

fn in_texts(expected: &Expected, lines: &[Line]) -> Option<String> {
    let is_found = |pattern: &str| {
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        Ok(lines.iter().flat_map(Line::texts).any(|text| regex.is_match(&text)))
    };
    let wanted = expected.match_regex.as_deref().filter(|pattern| !pattern.is_empty());
    let unwanted = expected.no_match_regex.as_deref().filter(|pattern| !pattern.is_empty());
    match (wanted.map(is_found), unwanted.map(is_found)) {
        (Some(Err(fault)), _) | (_, Some(Err(fault))) => Some(fault),
        (Some(Ok(false)), _) => Some(format!("expected a message like `{}`", wanted?)),
        (_, Some(Ok(true))) => Some(format!("did not expect a message like `{}`", unwanted?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ids: &[u32]) -> Line {
        let messages: Vec<_> = ids
            .iter()
            .map(|id| serde_json::json!({"id": id, "msg": "found", "data": "ARGS:x"}))
            .collect();
        let line = serde_json::json!({"matched_rule_ids": ids, "messages": messages});
        serde_json::from_value(line).unwrap()
    }

    fn judged(expected: Output, status: u16, ids: &[u32]) -> bool {
        fault(&expected, &Evidence { answer: Ok(status), lines: vec![line(ids)] }).is_none()
    }

    fn log(expected: Expected) -> Output {
        Output { log: expected, ..Output::default() }
    }

    #[test]
    fn errors_are_judged() {
        let lost = || Evidence { answer: Err(io::ErrorKind::UnexpectedEof.into()), lines: vec![] };
        let error = || Output { expect_error: true, ..Output::default() };

        assert!(fault(&Output::default(), &lost()).is_some());
        assert!(fault(&error(), &lost()).is_none());
        assert!(!judged(error(), 200, &[]));
    }

    #[test]
    fn status_is_judged() {
        let refused = || Output { status: Some(400), ..Output::default() };

        assert!(!judged(refused(), 200, &[]));
        assert!(judged(refused(), 400, &[1]));
    }

    #[test]
    fn ids_are_judged() {
        let both = || log(Expected { expect_ids: vec![1, 2], ..Expected::default() });
        assert!(!judged(both(), 200, &[1]));
        assert!(judged(both(), 200, &[3, 2, 1]));

        let none = || log(Expected { no_expect_ids: vec![1, 2], ..Expected::default() });
        assert!(!judged(none(), 200, &[2]));
        assert!(judged(none(), 200, &[3]));

        let alone = || Output { isolated: true, ..both() };
        assert!(!judged(alone(), 200, &[1, 2]));
    }

    #[test]
    fn messages_are_judged() {
        let like = |pattern: &str| {
            log(Expected { match_regex: Some(pattern.into()), ..Expected::default() })
        };
        assert!(judged(like("ARGS:x"), 200, &[1]));
        assert!(!judged(like("ARGS:y"), 200, &[1]));
        assert!(!judged(like("("), 200, &[1]));

        let unlike = || {
            log(Expected { no_match_regex: Some(r#"\[id "\d+"\]"#.into()), ..Expected::default() })
        };
        assert!(judged(unlike(), 200, &[]));
        assert!(!judged(unlike(), 200, &[1]));
    }
}
