//! Resources as callers see them: what was written, and what we know besides.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A draft's members together with the members `M` that only we write.
///
/// Its schema has the members of both. A member of the draft may be absent: which ones a caller
/// sees depends on what they may see.
#[derive(Debug)]
pub(crate) struct View<D, M>(Map<String, Value>, PhantomData<fn() -> (D, M)>);

/// Members that only we write.
pub(crate) trait Meta: Serialize + ToSchema {
    /// The name of the view's schema.
    const VIEW: &'static str;
}

impl<D, M: Meta> View<D, M> {
    /// Puts a draft's document and our members together.
    ///
    /// # Errors
    /// When our members do not serialise, which is a fault of ours.
    pub(crate) fn new(document: Value, meta: &M) -> Result<Self, serde_json::Error> {
        let mut members = object(serde_json::to_value(meta)?);
        members.extend(object(document));
        Ok(Self(members, PhantomData))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

impl<D, M> Serialize for View<D, M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
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
