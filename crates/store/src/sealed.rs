//! The personal members of a document, each sealed for its own column.

use kernel::{Pii, Purpose};
use serde_json::Value;
use uuid::Uuid;
use vault::Place;

use crate::StoreError;
use crate::tenant::TenantView;

/// Sealed members of one row. Opening states a purpose.
#[derive(Clone)]
pub struct Sealed {
    table: &'static str,
    row: Uuid,
    columns: Vec<(&'static str, Option<Vec<u8>>)>,
}

impl Sealed {
    /// Seals the named members of a document, each bound to its table, column and row.
    pub(crate) fn split(
        view: &TenantView,
        table: &'static str,
        row: Uuid,
        names: &[&'static str],
        document: &Pii<Value>,
    ) -> Self {
        let document = document.open(Purpose::Seal);
        let columns = names
            .iter()
            .map(|name| {
                let value = document.get(*name).filter(|value| !value.is_null());
                let place = Place { table, column: name, row: row.as_bytes() };
                (*name, value.map(|value| view.keys().seal(&place, value.to_string().as_bytes())))
            })
            .collect();
        Self { table, row, columns }
    }

    pub(crate) const fn from_columns(
        table: &'static str,
        row: Uuid,
        columns: Vec<(&'static str, Option<Vec<u8>>)>,
    ) -> Self {
        Self { table, row, columns }
    }

    /// One column as stored.
    pub(crate) fn column(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.columns.iter().find(|(column, _)| *column == name);
        found.and_then(|(_, sealed)| sealed.clone())
    }

    /// Names of the members that are present, whatever they are.
    pub fn present(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.columns.iter().filter(|(_, sealed)| sealed.is_some()).map(|(name, _)| *name)
    }

    /// The clear members together with these, opened.
    ///
    /// # Errors
    /// When a column does not open: it was moved, changed, or sealed under another key.
    pub fn join(
        &self,
        view: &TenantView,
        mut clear: Value,
        _purpose: Purpose,
    ) -> Result<Pii<Value>, StoreError> {
        let Some(members) = clear.as_object_mut() else {
            return Err(self.inconsistent("not an object"));
        };
        for (name, sealed) in &self.columns {
            let Some(sealed) = sealed else { continue };
            let place = Place { table: self.table, column: name, row: self.row.as_bytes() };
            let opened = view.keys().open(&place, sealed)?;
            let value = serde_json::from_slice(opened.expose())
                .map_err(|_| self.inconsistent("a sealed member is not JSON"))?;
            members.insert((*name).to_owned(), value);
        }
        Ok(Pii::new(clear))
    }

    fn inconsistent(&self, what: &str) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            id: self.row.to_string(),
            what: what.to_owned(),
        }
    }
}
