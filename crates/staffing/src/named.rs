//! Names for schemas whose Rust types share one, so that a member can refer to them.
//!
//! A member with an inline schema and a description would become an `allOf` that nothing
//! satisfies: the description's own schema claims to be an object. A reference may have both.

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! named {
    ($($name:ident: $of:ty;)*) => {$(
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                <$of>::schema()
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$of>::schemas(schemas);
            }
        }
    )*};
}

named! {
    ClientCompanyId: kernel::ClientCompanyId;
    JobId: kernel::JobId;
    CandidateId: kernel::CandidateId;
    AmountMinor: crate::pay::AmountMinor;
    Openings: crate::job::Openings;
    Tags: crate::job::Tags;
    CompanyName: crate::client::CompanyName;
    JobTitle: crate::job::Title;
    JobDescription: crate::job::Description;
    SkillLabel: crate::skill::SkillLabel;
    PersonName: crate::candidate::personal::PersonName;
    PastTitle: crate::candidate::history::PastTitle;
    CertificationName: crate::candidate::history::CertificationName;
    Channel: crate::candidate::consent::Channel;
    EmployedAs: crate::employment::EmployedAs;
    TaskCode: crate::employment::TaskCode;
    IdKind: crate::employment::worker::IdKind;
    IdValue: crate::employment::worker::IdValue;
    AmendmentReason: crate::employment::amendment::AmendmentReason;
}
