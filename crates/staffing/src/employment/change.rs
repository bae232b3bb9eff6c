//! Which members of an employment may change when.

use kernel::{Code, FieldError, Problem};
use serde_json::Value;

use super::life::EmploymentStatus;
use crate::merge::changed_fields;

/// Members that stay as they are from a status on.
#[derive(Clone, Copy)]
struct Frozen {
    names: &'static [&'static str],
    code: &'static str,
    detail: &'static str,
}

/// Who works for whom, where: what was submitted is what is approved.
const PARTIES: Frozen = Frozen {
    names: &["candidate_id", "client_id", "country", "engagement_model"],
    code: "frozen",
    detail: "expected this member as it was submitted",
};
/// Where the contract has begun.
const BEGUN: Frozen = Frozen {
    names: &["start_date", "contract_type"],
    code: "frozen",
    detail: "expected this member as it was when the employment became active",
};
/// Terms of a running contract.
const TERMS: Frozen = Frozen {
    names: &["compensation", "job_title", "department", "weekly_hours", "pay_frequency"],
    code: "needs_amendment",
    detail: "expected a change of this member to be proposed as an amendment",
};

/// What a change may not touch in this status: `before` and `after` are whole documents.
///
/// # Errors
/// `employments.closed` when it is over; or a 422 that points at each member that is frozen.
pub fn check(status: EmploymentStatus, before: &Value, after: &Value) -> Result<(), Problem> {
    if status.is_closed() {
        return Err(Problem::new(&CLOSED));
    }
    let frozen: &[Frozen] = match status {
        EmploymentStatus::Draft => &[],
        EmploymentStatus::Submitted | EmploymentStatus::Onboarding => &[PARTIES],
        _ => &[PARTIES, BEGUN, TERMS],
    };
    let changed = changed_fields(before, after);
    let touched = |frozen: &Frozen| {
        let names = frozen.names.iter().filter(|name| changed.iter().any(|c| c == *name));
        let frozen = *frozen;
        names.map(move |name| FieldError::new(format!("/{name}"), frozen.code, frozen.detail))
    };
    let errors: Vec<_> = frozen.iter().flat_map(touched).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Problem { errors, ..Problem::new(&kernel::problem::INVALID) })
}

/// What is over is not changed any more.
pub const CLOSED: Code = Code {
    status: 409,
    name: "employments.closed",
    title: "The employment is over",
    mend: "Write a new employment down with `previous_employment_id` if the worker comes back.",
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parties_stay_once_submitted_and_the_terms_once_begun() {
        let before = json!({ "client_id": "a", "job_title": "x", "manager_ref": "m" });
        let other = json!({ "client_id": "b", "job_title": "y", "manager_ref": "n" });
        let refused = |status| {
            let problem = check(status, &before, &other).unwrap_err();
            let errors = problem.errors.iter().map(|e| (e.pointer.clone(), e.code));
            errors.collect::<Vec<_>>()
        };

        assert!(check(EmploymentStatus::Draft, &before, &other).is_ok());
        let frozen = ("/client_id".to_owned(), "frozen");
        assert_eq!(refused(EmploymentStatus::Submitted), std::slice::from_ref(&frozen));
        let amend = ("/job_title".to_owned(), "needs_amendment");
        assert_eq!(refused(EmploymentStatus::Active), [frozen, amend]);
        let closed = check(EmploymentStatus::Ended, &before, &before).unwrap_err();
        assert_eq!(closed.code.name, "employments.closed");
    }
}
