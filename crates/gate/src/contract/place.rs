//! A value of the document, and where it stands.

use serde_json::Value;

use super::schema::escape;

/// A value of the document and where it stands.
#[derive(Clone)]
pub(super) struct Place<'d> {
    pub(super) value: &'d Value,
    pub(super) pointer: String,
}

impl<'d> Place<'d> {
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name)?;
        Some(Self { value, pointer: format!("{}/{}", self.pointer, escape(name)) })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&'d str, Self)> {
        let members = self.value.as_object().into_iter().flatten();
        members.map(|(name, value)| {
            let pointer = format!("{}/{}", self.pointer, escape(name));
            (name.as_str(), Self { value, pointer })
        })
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, value)| Self { value, pointer: format!("{}/{index}", self.pointer) })
    }

    pub(super) fn text(&self, name: &str) -> Option<&'d str> {
        self.value.get(name).and_then(Value::as_str)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }
}
