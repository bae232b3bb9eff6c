//! The kinds of things that changes and events are about, each named once.

use kernel::{
    ApiKeyId, BanId, CandidateId, ClientCompanyId, EmploymentId, ExportId, ImportId, JobId,
    MatchId, MatchRunId, ProposalId, TenantId, UsagePlanId, UserId,
};
use uuid::Uuid;

/// A kind of thing that callers follow.
#[derive(Debug)]
pub struct Resource {
    /// Its name in changes and events, and before the dot of its events' names.
    pub name: &'static str,
    /// Who may do this may see that such things change.
    pub action: &'static str,
    /// Where such things are: `/v1/<path>/<id>`.
    pub path: &'static str,
    print: fn(Uuid) -> String,
}

/// All of them.
pub const RESOURCES: &[Resource] = &[
    Resource {
        name: "job",
        action: "job.list",
        path: "jobs",
        print: |id| JobId::from_uuid(id).to_string(),
    },
    Resource {
        name: "client",
        action: "client.list",
        path: "clients",
        print: |id| ClientCompanyId::from_uuid(id).to_string(),
    },
    Resource {
        name: "candidate",
        action: "candidate.list",
        path: "candidates",
        print: |id| CandidateId::from_uuid(id).to_string(),
    },
    Resource {
        name: "employment",
        action: "employment.list",
        path: "employments",
        print: |id| EmploymentId::from_uuid(id).to_string(),
    },
    Resource {
        name: "match",
        action: "match.list",
        path: "matches",
        print: |id| MatchId::from_uuid(id).to_string(),
    },
    Resource {
        name: "match_run",
        action: "match.list",
        path: "match-runs",
        print: |id| MatchRunId::from_uuid(id).to_string(),
    },
    Resource {
        name: "import",
        action: "import.read",
        path: "imports",
        print: |id| ImportId::from_uuid(id).to_string(),
    },
    Resource {
        name: "export",
        action: "export.read",
        path: "exports",
        print: |id| ExportId::from_uuid(id).to_string(),
    },
    Resource {
        name: "api_key",
        action: "api_key.list",
        path: "api-keys",
        print: |id| ApiKeyId::from_uuid(id).to_string(),
    },
    Resource {
        name: "ban",
        action: "ban.list",
        path: "bans",
        print: |id| BanId::from_uuid(id).to_string(),
    },
    Resource {
        name: "usage_plan",
        action: "usage_plan.read",
        path: "usage-plans",
        print: |id| UsagePlanId::from_uuid(id).to_string(),
    },
    Resource {
        name: "staff",
        action: "user.list",
        path: "staff",
        print: |id| UserId::from_uuid(id).to_string(),
    },
    Resource {
        name: "staff_proposal",
        action: "user.list",
        path: "staff-proposals",
        print: |id| ProposalId::from_uuid(id).to_string(),
    },
    Resource {
        name: "sandbox",
        action: "sandbox.read",
        path: "sandbox",
        print: |id| TenantId::from_uuid(id).to_string(),
    },
];

impl Resource {
    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.name == name)
    }

    /// The printed form of a stored id.
    #[must_use]
    pub fn print(&self, id: Uuid) -> String {
        (self.print)(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_once() {
        for resource in RESOURCES {
            let same = RESOURCES.iter().filter(|other| other.name == resource.name);
            assert_eq!(same.count(), 1, "{}", resource.name);
        }
        assert!(Resource::find("nothing").is_none());
    }
}
