//! Every name that an event can have. The journal writes no other, and the reference prints these.

/// What is told under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The name, which starts with the kind of thing that it happened to.
    pub name: &'static str,
    /// What happened.
    pub meaning: &'static str,
}

/// Whether subscribers know the name.
#[must_use]
pub fn is_published(name: &str) -> bool {
    PUBLISHED.iter().any(|event| event.name == name)
}

const fn told(name: &'static str, meaning: &'static str) -> Published {
    Published { name, meaning }
}

/// All of them.
pub const PUBLISHED: &[Published] = &[
    told("client.created", "A client company was written down"),
    told("client.updated", "It changed, also its status or whom it blocks"),
    told("job.created", "A job was written down"),
    told("job.updated", "It changed, or ended before it was open"),
    told("job.opened", "It takes candidates, for the first time or after a pause"),
    told("job.paused", "It takes none for now"),
    told("job.filled", "Everybody wanted was found"),
    told("job.closed", "It ended otherwise"),
    told("job.reopened", "It takes candidates again after it was closed"),
    told("job.deleted", "It was removed before it was open"),
    told("candidate.created", "A candidate was written down, also by an import"),
    told("candidate.updated", "They changed, also their status"),
    told("candidate.merged", "This record of somebody went into another, `merged_into`"),
    told("candidate.consent_granted", "They agreed to the processing of their data"),
    told("candidate.consent_withdrawn", "They no longer do"),
    told("candidate.erasure_requested", "They are to be erased"),
    told("candidate.erased", "They are erased; a tombstone is left"),
    told("match_run.completed", "Candidates were ranked for a job"),
    told("match_run.failed", "A run was given up: its job closed, or it failed again and again"),
    told("match.scored", "A candidate was scored for a job, for the first time or anew"),
    told("match.stage_changed", "A match is at another stage"),
    told("match.placed", "An employment followed"),
    told("employment.created", "An employment was written down"),
    told("employment.updated", "It changed, or its end was taken back"),
    told("employment.submitted", "It waits for approval"),
    told("employment.onboarding_started", "It was approved and is being prepared"),
    told("employment.activated", "The work began"),
    told("employment.leave_started", "The worker went on leave"),
    told("employment.leave_ended", "The worker is back"),
    told("employment.offboarding_started", "It comes to its end"),
    told("employment.ended", "It is over"),
    told("employment.cancelled", "It did not begin"),
    told("employment.amendment.proposed", "A change of terms was proposed"),
    told("employment.amendment.approved", "It was approved"),
    told("employment.amendment.effective", "Its day came"),
    told("employment.amendment.cancelled", "It was withdrawn"),
    told("import.completed", "An import has read its last line"),
    told("import.failed", "An import was given up: it failed again and again"),
    told("export.completed", "An export is ready to be read"),
    told("export.failed", "An export was given up: it failed again and again"),
    told("export.downloaded", "Somebody began to read an export"),
    told("api_key.leaked", "An API key was found in public, and is revoked"),
    told("partner.secret_leaked", "A client's secret was found in public, and has ended"),
    told(
        "grant.reused",
        "A code or refresh token was used again: somebody has a copy, and the grant has ended",
    ),
    told("signing_key.replaced", "Every key was taken for stolen; get new access tokens"),
    told("ban.placed", "A caller is kept out for a while, for what it sent was refused too often"),
    told("ban.lifted", "Somebody took that back"),
    told("usage_plan.nearly_used", "Somebody has used 80 % of a rule of its plan, in this period"),
    told("usage_plan.used_up", "Somebody has used all of it"),
    told("staff.invited", "Somebody was taken onto the staff, without a role yet"),
    told("staff.enrolled", "They set up how they sign in, for the first time or anew"),
    told("staff.admitted", "An identity provider vouched for them for the first time"),
    told(
        "staff.break_glass_changed",
        "They may sign in past the provider in an emergency, or no more",
    ),
    told("staff.break_glass_used", "They did so: look at it now, whoever they are"),
    told("staff.roles_changed", "They have other roles"),
    told("staff.passkeys_changed", "They added or removed a passkey"),
    told(
        "staff.sessions_ended",
        "They were signed out everywhere, by an administrator or a provider's word",
    ),
    told("staff.deactivated", "They may not sign in any more"),
    told("staff.reactivated", "They may again"),
    told("staff_proposal.opened", "An administrator asked for something that a second one decides"),
    told("staff_proposal.approved", "The second one agreed, and it is done"),
    told("staff_proposal.refused", "It was refused or taken back"),
    told("sandbox.clock_advanced", "The sandbox's clock was run ahead"),
    told("sandbox.reset", "The sandbox was started anew"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_published_once() {
        let mut names: Vec<_> = PUBLISHED.iter().map(|event| event.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), PUBLISHED.len());
        assert!(!is_published("job.forgotten"));
    }
}
