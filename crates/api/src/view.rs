//! Resources as callers see them: what was written, and what we know besides.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A draft's members together with the members `M` that only we write.
///
/// Its schema has the members of both. A member of the draft may be absent: which ones a caller
/// sees depends on what they may see.
#[derive(Debug, Serialize)]
#[serde(bound = "M: Serialize")]
pub(crate) struct View<D, M> {
    #[serde(flatten)]
    meta: M,
    #[serde(flatten)]
    document: Map<String, Value>,
    #[serde(skip)]
    draft: PhantomData<fn() -> D>,
}

/// Members that only we write.
pub(crate) trait Meta: Serialize + ToSchema {
    /// The name of the view's schema.
    const VIEW: &'static str;
}

impl<D, M: Meta> View<D, M> {
    /// Puts a draft's document and our members together.
    pub(crate) fn new(document: Value, meta: M) -> Self {
        let document = match document {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Self { meta, document, draft: PhantomData }
    }
}

impl<D: PartialSchema, M: PartialSchema> PartialSchema for View<D, M> {
    fn schema() -> RefOr<Schema> {
        let (draft, meta) = (members(D::schema()), members(M::schema()));
        let mut object = ObjectBuilder::new();
        for (name, schema) in draft.properties.into_iter().chain(meta.properties) {
            object = object.property(name, schema);
        }
        for name in meta.required {
            object = object.required(name);
        }
        object.description(meta.description).into()
    }
}

impl<D: ToSchema, M: Meta> ToSchema for View<D, M> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(M::VIEW)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        D::schemas(schemas);
        M::schemas(schemas);
    }
}

fn members(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::default(),
    }
}
