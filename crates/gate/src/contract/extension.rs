//! What `x-ringwall` says about an operation.

use counters::Spec;
use serde_json::Value;

use super::ContractError;
use super::operation::{Access, ErrorForm, Sensitivity};
use super::place::Place;

/// What `x-ringwall` says about an operation.
#[derive(Default)]
pub(super) struct Extension {
    pub(super) action: String,
    pub(super) access: Access,
    pub(super) sensitivity: Sensitivity,
    pub(super) error_form: ErrorForm,
    pub(super) body_max: usize,
    pub(super) limits: Vec<Spec>,
    pub(super) is_open: bool,
    pub(super) is_raw: bool,
    pub(super) is_vital: bool,
    pub(super) opaque: Vec<String>,
}

impl Extension {
    /// Reads an operation's `x-ringwall`, strictly: a misspelt member must not be a missing one.
    pub(super) fn read(operation: &Place<'_>, errors: &mut Vec<ContractError>) -> Self {
        let mut extension = Self { body_max: BODY_BYTES_DEFAULT, ..Self::default() };
        let place = operation.member("x-ringwall");
        for (name, member) in place.iter().flat_map(Place::members) {
            let fits = match (name, member.value.as_str()) {
                ("action", Some(action)) => set(&mut extension.action, Some(action.to_owned())),
                ("access", Some(access)) => set(&mut extension.access, access_of(access)),
                ("sensitive", Some(level)) => set(&mut extension.sensitivity, level_of(level)),
                ("error_form", Some(form)) => set(&mut extension.error_form, form_of(form)),
                ("body_max", None) => set(&mut extension.body_max, bytes_of(member.value)),
                ("open_query", None) => set(&mut extension.is_open, member.value.as_bool()),
                ("raw_json", None) => set(&mut extension.is_raw, member.value.as_bool()),
                ("vital", None) => set(&mut extension.is_vital, member.value.as_bool()),
                ("opaque", None) => set(&mut extension.opaque, names_of(member.value)),
                ("limits", None) => set(&mut extension.limits, limits_of(member.value)),
                _ => false,
            };
            if !fits {
                let known = EXTENSION_MEMBERS.iter().find(|(known, _)| *known == name);
                let expected = known.map_or("no such member", |(_, expected)| expected);
                errors.push(ContractError::new(
                    member.pointer.clone(),
                    format!("expected {expected}"),
                ));
            }
        }
        if extension.action.is_empty() {
            let pointer = format!("{}/x-ringwall/action", operation.pointer);
            errors
                .push(ContractError::new(pointer, "expected the action that this operation takes"));
        }
        extension
    }
}

fn set<T>(slot: &mut T, value: Option<T>) -> bool {
    value.map(|value| *slot = value).is_some()
}

fn access_of(text: &str) -> Option<Access> {
    match text {
        "required" => Some(Access::Required),
        "optional" => Some(Access::Optional),
        "public" => Some(Access::Public),
        _ => None,
    }
}

fn level_of(text: &str) -> Option<Sensitivity> {
    match text {
        "low" => Some(Sensitivity::Low),
        "normal" => Some(Sensitivity::Normal),
        "high" => Some(Sensitivity::High),
        _ => None,
    }
}

fn form_of(text: &str) -> Option<ErrorForm> {
    match text {
        "problem" => Some(ErrorForm::Problem),
        "oauth" => Some(ErrorForm::OAuth),
        "page" => Some(ErrorForm::Page),
        _ => None,
    }
}

fn bytes_of(value: &Value) -> Option<usize> {
    let bytes = value.as_u64().and_then(|bytes| usize::try_from(bytes).ok())?;
    (1..=BODY_BYTES_MAX).contains(&bytes).then_some(bytes)
}

/// Names of parameters.
fn names_of(value: &Value) -> Option<Vec<String>> {
    serde_json::from_value(value.clone()).ok()
}

/// Rules that can be meant.
fn limits_of(value: &Value) -> Option<Vec<Spec>> {
    let specs: Vec<Spec> = serde_json::from_value(value.clone()).ok()?;
    specs.iter().all(|spec| spec.meant().is_ok()).then_some(specs)
}

const EXTENSION_MEMBERS: &[(&str, &str)] = &[
    ("action", "the name of an action"),
    ("access", "`required`, `optional` or `public`"),
    ("sensitive", "`low`, `normal` or `high`"),
    ("error_form", "`problem`, `oauth` or `page`"),
    ("body_max", "a number of bytes from 1 to 67108864"),
    ("open_query", "`true` where other parameters than the declared ones are left alone"),
    ("raw_json", "`true` where a handler needs the very bytes of a JSON body"),
    ("vital", "`true` where a busy server never refuses"),
    ("opaque", "a list of names of parameters or members that are only compared, or handed back"),
    ("limits", "a list of limits: `name`, `by`, and `max` with `window_s`, `at_once` or the like"),
];
const BODY_BYTES_DEFAULT: usize = 256 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
