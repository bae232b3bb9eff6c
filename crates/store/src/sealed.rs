//! The personal members of a document, each sealed for its own column.

use kernel::{Pii, Purpose, Secret};
use serde_json::Value;
use uuid::Uuid;
use vault::{Place, TenantKeys, VaultError};

use crate::StoreError;
use crate::tenant::TenantView;

/// Sealed members of one row, all under one key. Opening states a purpose.
#[derive(Clone)]
pub struct Sealed {
    level: Level,
    table: &'static str,
    row: Uuid,
    columns: Vec<(&'static str, Option<Vec<u8>>)>,
}

/// Under which of the tenant's keys members are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The key of personal data.
    Personal,
    /// The key of data of high risk.
    Sensitive,
}

impl Sealed {
    /// Seals the named members of a document, each bound to its table, column and row.
    pub(crate) fn split(
        view: &TenantView,
        level: Level,
        (table, row): (&'static str, Uuid),
        names: &[&'static str],
        document: &Pii<Value>,
    ) -> Self {
        let document = document.open(Purpose::Seal);
        let columns = names
            .iter()
            .map(|name| {
                let value = document.get(*name).filter(|value| !value.is_null());
                let place = Place { table, column: name, row: row.as_bytes() };
                let text = value.map(ToString::to_string);
                (*name, text.map(|text| level.seal(view.keys(), &place, text.as_bytes())))
            })
            .collect();
        Self { level, table, row, columns }
    }

    pub(crate) const fn from_columns(
        level: Level,
        (table, row): (&'static str, Uuid),
        columns: Vec<(&'static str, Option<Vec<u8>>)>,
    ) -> Self {
        Self { level, table, row, columns }
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
            let opened = self.level.open(view.keys(), &place, sealed)?;
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

impl Level {
    fn seal(self, keys: &TenantKeys, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::Personal => keys.seal(place, plain),
            Self::Sensitive => keys.seal_sensitive(place, plain),
        }
    }

    fn open(
        self,
        keys: &TenantKeys,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, VaultError> {
        match self {
            Self::Personal => keys.open(place, sealed),
            Self::Sensitive => keys.open_sensitive(place, sealed),
        }
    }
}
