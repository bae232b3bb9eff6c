//! `ringwall firewall explain`: what each rule made of one request.

use std::fmt::Write;
use std::io::Read;

use firewall::{Event, Step, Verdict};

use super::{contract, inspector, read, requests, rules, text};
use crate::cli::exit::{Failure, print};
use crate::cli::firewall::ExplainArgs;

/// Explains requests.
///
/// # Errors
/// When there is no request, or the rules do not compile.
pub(super) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let contract = contract(args.contract.as_deref())?;
    let inspector = inspector(rules(&args.rules)?, contract.as_ref(), text(&args.rules))?;
    let input = match &args.request {
        Some(path) => read(path)?,
        None => {
            let mut text = Vec::new();
            let mut input = std::io::stdin().lock().take(INPUT_BYTES_MAX);
            input.read_to_end(&mut text).map_err(|error| Failure::because(&error))?;
            text
        }
    };
    let mut said = String::new();
    for request in requests(&input)? {
        let operation = contract.as_deref().and_then(|contract| request.operation(contract));
        let mut transaction = inspector.begin_explained(operation);
        request.judge(&mut transaction);
        let verdict = inspector.end(transaction, None);
        said.push_str(&explanation(&verdict, args));
    }
    print(&said)
}

fn explanation(verdict: &Verdict, args: &ExplainArgs) -> String {
    let mut text = String::new();
    for event in &verdict.events {
        if let Some(said) = step(event, args) {
            // Writing to a string cannot fail.
            let _infallible =
                writeln!(text, "phase {} rule {}: {said}", event.phase.number(), event.id);
        }
    }
    let looked = verdict.events.iter().filter(|event| matches!(event.step, Step::Looked { .. }));
    let end = match &verdict.interruption {
        Some(stop) => format!("refused with {} by rule {}", stop.status, stop.rule_id),
        None => "passes".to_owned(),
    };
    let _infallible = writeln!(
        text,
        "{end}; score {}; {} matched, {} looked and found nothing",
        verdict.score,
        verdict.matched.len(),
        looked.count()
    );
    text
}

fn step(event: &Event, args: &ExplainArgs) -> Option<String> {
    Some(match &event.step {
        Step::Looked { values, tested } if args.all => {
            format!("looked at {values} values, closely at {tested}")
        }
        Step::Looked { .. } => return None,
        Step::Matched { link, variable, value, span, transformations } => {
            let shown = show(value, *span, args.show_values);
            let chain = match transformations.as_slice() {
                [] => String::new(),
                names => format!(" after {}", names.join(", ")),
            };
            let link = if *link == 0 { String::new() } else { format!(" (link {link})") };
            format!("matched{link} {variable}{chain}: {shown}")
        }
        Step::Set { variable, value } => {
            format!("set {variable} to {}", show(value, None, args.show_values || is_number(value)))
        }
        Step::Removed => "left out: a control or the contract says so".to_owned(),
        Step::Skipped { to, rules } => format!("skipped {rules} rules, to {to}"),
        Step::Interrupted => "ended the transaction".to_owned(),
        _ => return None,
    })
}

fn is_number(value: &[u8]) -> bool {
    value.len() < 8 && value.iter().all(u8::is_ascii_digit)
}

/// The matched part of a value, and where it stands in it.
fn show(value: &[u8], span: Option<(usize, usize)>, in_full: bool) -> String {
    let (start, end) = span.unwrap_or((0, value.len()));
    let part = value.get(start..end).unwrap_or(value);
    let part = part.get(..SHOWN_MAX).unwrap_or(part);
    let masked: Vec<u8> = match in_full {
        true => part.to_vec(),
        false => part.iter().map(|byte| mask(*byte)).collect(),
    };
    let text = String::from_utf8_lossy(&masked).escape_debug().to_string();
    format!("`{text}` (bytes {start} to {end} of {})", value.len())
}

/// Keeps what makes an attack one, and hides what was said.
const fn mask(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => b'a',
        b'0'..=b'9' => b'0',
        other => other,
    }
}

const INPUT_BYTES_MAX: u64 = 64 << 20;
const SHOWN_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_unless_they_are_asked_for() {
        let value = b"name=O'Brien 42";

        assert_eq!(show(value, Some((5, 15)), false), "`a\\'aaaaa 00` (bytes 5 to 15 of 15)");
        assert!(show(value, None, true).contains("Brien 42"));
        assert!(!show("Zoë".as_bytes(), None, false).contains('ë'));
    }
}
