//! The schemas of merge patches, made from the schemas of the drafts that they patch.
//!
//! Every member may be left out; one that the draft does not require may be null, which removes
//! it (RFC 7396). Nested objects are patched alike, lists are replaced as a whole.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use utoipa::openapi::schema::{Object, ObjectBuilder, OneOf, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::candidate::CandidateDraft;
use crate::client::ClientDraft;
use crate::employment::EmploymentDraft;
use crate::job::JobDraft;

/// A merge patch for a draft. Only its schema: the merge itself works on JSON values.
pub struct Patch<D>(PhantomData<D>);

/// A merge patch for a client company.
pub type ClientPatch = Patch<ClientDraft>;
/// A merge patch for a job.
pub type JobPatch = Patch<JobDraft>;
/// A merge patch for a candidate.
pub type CandidatePatch = Patch<CandidateDraft>;
/// A merge patch for an employment.
pub type EmploymentPatch = Patch<EmploymentDraft>;

/// A draft that can be patched.
pub trait Patched: ToSchema {
    /// The name of the patch's schema.
    const PATCH: &'static str;
}

impl Patched for ClientDraft {
    const PATCH: &'static str = "ClientPatch";
}
impl Patched for JobDraft {
    const PATCH: &'static str = "JobPatch";
}
impl Patched for CandidateDraft {
    const PATCH: &'static str = "CandidatePatch";
}

impl Patched for EmploymentDraft {
    const PATCH: &'static str = "EmploymentPatch";
}

impl<D: Patched> PartialSchema for Patch<D> {
    fn schema() -> RefOr<Schema> {
        let mut components = Vec::new();
        D::schemas(&mut components);
        let components = Components(components.into_iter().collect());
        let draft = D::schema();
        let Some(object) = components.object(&draft, DEPTH_MAX) else { return draft };
        let what = format!("A JSON Merge Patch (RFC 7396) of `{}`.", D::name());
        components.patched(object, Some(what), DEPTH_MAX).into()
    }
}

impl<D: Patched> ToSchema for Patch<D> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(D::PATCH)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        D::schemas(schemas);
    }
}

/// The schemas that references lead to, by name.
struct Components(BTreeMap<String, RefOr<Schema>>);

impl Components {
    /// The object behind a schema, if it is one with members: itself, or by reference, or as a
    /// part of `allOf`, whose other parts say what holds for the whole and not for a patch.
    fn object<'a>(&'a self, schema: &'a RefOr<Schema>, depth: usize) -> Option<&'a Object> {
        let depth = depth.checked_sub(1)?;
        match schema {
            RefOr::Ref(to) => {
                let name = to.ref_location.rsplit('/').next().unwrap_or_default();
                self.object(self.0.get(name)?, depth)
            }
            RefOr::T(Schema::Object(object)) => {
                Some(object).filter(|object| !object.properties.is_empty())
            }
            RefOr::T(Schema::AllOf(all)) => {
                all.items.iter().find_map(|item| self.object(item, depth))
            }
            RefOr::T(_) => None,
        }
    }

    /// The object with no member required.
    fn patched(&self, draft: &Object, description: Option<String>, depth: usize) -> Object {
        let mut object = draft.clone();
        object.description = description;
        let required = std::mem::take(&mut object.required);
        for (name, member) in &mut object.properties {
            *member = self.member(member, required.contains(name), depth);
        }
        object
    }

    /// A member of a patch: patched itself if it is an object, and null if it may be removed.
    fn member(&self, member: &RefOr<Schema>, required: bool, depth: usize) -> RefOr<Schema> {
        let value = present(member);
        let nested = depth.checked_sub(1).zip(self.object(&value, depth));
        let described = description(member).or_else(|| description(&value));
        let value = nested.map_or(value.clone(), |(depth, object)| {
            self.patched(object, described.clone(), depth).into()
        });
        if required || is_null_allowed(&value) {
            return value;
        }
        let untold = described.filter(|_| description(&value).is_none());
        OneOfBuilder::new()
            .item(value)
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .description(untold)
            .into()
    }
}

/// The schema of a member that is there: without the alternative `null`.
fn present(schema: &RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(OneOf { items, .. })) => {
            let mut values = items.iter().filter(|item| !is_null(item));
            match (values.next(), values.next()) {
                (Some(value), None) => value.clone(),
                _ => schema.clone(),
            }
        }
        _ => schema.clone(),
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { schema_type, .. }))
        if *schema_type == SchemaType::Type(Type::Null))
}

/// Primitive members take null by a list of types.
fn is_null_allowed(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Array(types), .. }))
        if types.contains(&Type::Null))
}

fn description(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(to) => Some(to.description.clone()).filter(|text| !text.is_empty()),
        RefOr::T(Schema::Object(object)) => object.description.clone(),
        RefOr::T(Schema::Array(array)) => array.description.clone(),
        RefOr::T(Schema::OneOf(one)) => one.description.clone(),
        RefOr::T(Schema::AllOf(all)) => all.description.clone(),
        RefOr::T(_) => None,
    }
}

/// Deeper than any draft; ends the recursion should a schema ever refer to itself.
const DEPTH_MAX: usize = 8;
