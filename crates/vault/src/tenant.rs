//! One tenant's keys: sealing fields where they stand, and finding them again by blind index.

use aws_lc_rs::hmac;
use kernel::{Secret, TenantId};
use zeroize::Zeroizing;

use crate::derive::{KeyBytes, Label, derive, fresh, fresh_id};
use crate::envelope::{Cipher, Context, KeyName, Sealed, write_part};
use crate::{Keyring, VaultError};

/// One tenant's keys, derived once; share them in an `Arc`.
pub struct TenantKeys {
    tenant: TenantId,
    cipher: Cipher,
    /// Of its own, so that who holds the key of personal fields does not hold this one.
    sensitive: Cipher,
    index: hmac::Key,
}

/// Where a field stands. A value sealed for one place opens in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's id.
    pub row: &'a [u8; 16],
}

impl TenantKeys {
    /// Fresh keys for a tenant, and their wrapped form to store.
    #[must_use]
    pub fn generate(keyring: &Keyring, tenant: TenantId) -> (Self, Vec<u8>) {
        let name = KeyName { id: fresh_id(), version: 1 };
        let material = Material { name, data: fresh(), index: fresh() };
        let wrapped = keyring.wrap(&context(&tenant), &material.to_bytes());
        (Self::derive(tenant, &material), wrapped)
    }

    /// Opens a tenant's stored keys.
    ///
    /// # Errors
    /// When they are not wrapped keys, were wrapped under a root that is not held, or are another
    /// tenant's.
    pub fn unwrap(keyring: &Keyring, tenant: TenantId, wrapped: &[u8]) -> Result<Self, VaultError> {
        let bytes = keyring.unwrap(&context(&tenant), wrapped)?;
        let material = Material::parse(bytes.expose()).ok_or(VaultError::Malformed)?;
        Ok(Self::derive(tenant, &material))
    }

    /// Seals a field for its place.
    #[must_use]
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
        self.cipher.seal(&Context { label: FIELD, parts: &self.parts(place) }, plain)
    }

    /// Opens a field in its place.
    ///
    /// # Errors
    /// When it is not a sealed value, was sealed under another key, was changed, or belongs to
    /// another tenant, table, column or row.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        let sealed = Sealed::parse(sealed)?;
        self.cipher.open(&Context { label: FIELD, parts: &self.parts(place) }, &sealed)
    }

    /// Seals a field of high risk for its place, under the key that is kept for such fields.
    #[must_use]
    pub fn seal_sensitive(&self, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
        self.sensitive.seal(&Context { label: SENSITIVE, parts: &self.parts(place) }, plain)
    }

    /// Opens a field of high risk in its place.
    ///
    /// # Errors
    /// When it is not such a field, was sealed under another key, was changed, or belongs to
    /// another tenant, table, column or row.
    pub fn open_sensitive(
        &self,
        place: &Place<'_>,
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, VaultError> {
        let sealed = Sealed::parse(sealed)?;
        self.sensitive.open(&Context { label: SENSITIVE, parts: &self.parts(place) }, &sealed)
    }

    /// What equal values of one column have in common, and nothing else has: HMAC-SHA256 under the
    /// tenant's index key, cut to 128 bits.
    #[must_use]
    pub fn blind_index(&self, table: &str, column: &str, normalised: &str) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.index);
        for part in [INDEX, table, column, normalised] {
            write_part(part.as_bytes(), |bytes| context.update(bytes));
        }
        let mut index = [0; 16];
        index.copy_from_slice(context.sign().as_ref().split_at(16).0);
        index
    }

    fn derive(tenant: TenantId, material: &Material) -> Self {
        let sensitive = derive(material.data.expose(), Label::Purpose, "sensitive/1");
        Self {
            tenant,
            cipher: Cipher::new(material.name, material.data.expose()),
            sensitive: Cipher::new(material.name, sensitive.expose()),
            index: hmac::Key::new(hmac::HMAC_SHA256, material.index.expose()),
        }
    }

    fn parts<'a>(&'a self, place: &'a Place<'_>) -> [&'a [u8]; 4] {
        [self.tenant.as_bytes(), place.table.as_bytes(), place.column.as_bytes(), place.row]
    }
}

/// What is wrapped. The index key does not hang on the data key: turning the data key must not
/// change what lookups compare.
struct Material {
    name: KeyName,
    data: KeyBytes,
    index: KeyBytes,
}

impl Material {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Sized at once: growing would leave a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MATERIAL));
        bytes.extend_from_slice(&self.name.id);
        bytes.extend_from_slice(&self.name.version.to_be_bytes());
        bytes.extend_from_slice(self.data.expose());
        bytes.extend_from_slice(self.index.expose());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (data, rest) = rest.split_first_chunk()?;
        let index = rest.try_into().ok()?;
        let name = KeyName { id: *id, version: u32::from_be_bytes(*version) };
        Some(Self { name, data: Secret::new(*data), index: Secret::new(index) })
    }
}

const fn context(tenant: &TenantId) -> [&[u8]; 2] {
    [b"tenant-keys/1", tenant.as_bytes()]
}

const FIELD: &str = "ringwall/field/v1";
const SENSITIVE: &str = "ringwall/sensitive/v1";
const INDEX: &str = "ringwall/index/v1";
const MATERIAL: usize = 16 + size_of::<u32>() + 32 + 32;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kernel::{ManualClock, Timestamp};
    use proptest::prelude::*;

    use super::*;

    const HERE: Place<'_> = Place { table: "candidate", column: "email", row: &[1; 16] };
    const ELSEWHERE: [Place<'_>; 5] = [
        Place { row: &[2; 16], ..HERE },
        Place { column: "phone", ..HERE },
        Place { table: "client", ..HERE },
        Place { table: "candidatee", column: "mail", ..HERE },
        Place { table: "", column: "candidateemail", ..HERE },
    ];

    fn tenant() -> TenantId {
        TenantId::new(&ManualClock::new(Timestamp::from_millis(0)))
    }

    fn keys() -> TenantKeys {
        TenantKeys::generate(&Keyring::generate(), tenant()).0
    }

    #[test]
    fn a_field_is_refused_in_another_place() {
        let keys = keys();
        let sealed = keys.seal(&HERE, b"mara@example.org");

        for place in &ELSEWHERE {
            assert_eq!(keys.open(place, &sealed).err(), Some(VaultError::Refused), "{place:?}");
        }
    }

    #[test]
    fn neither_key_opens_what_the_other_sealed() {
        let keys = keys();

        let (personal, sensitive) = (keys.seal(&HERE, b"x"), keys.seal_sensitive(&HERE, b"x"));

        assert_eq!(keys.open(&HERE, &sensitive).err(), Some(VaultError::Refused));
        assert_eq!(keys.open_sensitive(&HERE, &personal).err(), Some(VaultError::Refused));
        assert_eq!(keys.open_sensitive(&HERE, &sensitive).unwrap().expose(), b"x");
        for place in &ELSEWHERE {
            let opened = keys.open_sensitive(place, &sensitive).err();
            assert_eq!(opened, Some(VaultError::Refused), "{place:?}");
        }
    }

    #[test]
    fn no_two_fields_can_be_swapped() {
        let keys = keys();
        let places = [[HERE].as_slice(), &ELSEWHERE].concat();
        let sealed: Vec<_> = places.iter().map(|place| keys.seal(place, b"same")).collect();

        for (i, place) in places.iter().enumerate() {
            for (j, sealed) in sealed.iter().enumerate() {
                assert_eq!(keys.open(place, sealed).is_ok(), i == j, "{i} {j}");
            }
        }
    }

    #[test]
    fn a_field_of_another_tenant_is_refused() {
        let sealed = keys().seal(&HERE, b"mara@example.org");

        assert_eq!(keys().open(&HERE, &sealed).err(), Some(VaultError::UnknownKey));
    }

    #[test]
    fn a_field_of_another_tenant_with_the_same_key_is_refused() {
        let name = KeyName { id: [1; 16], version: 1 };
        let material = Material { name, data: fresh(), index: fresh() };
        let sealed = TenantKeys::derive(tenant(), &material).seal(&HERE, b"mara@example.org");

        let refused = TenantKeys::derive(tenant(), &material).open(&HERE, &sealed).err();

        assert_eq!(refused, Some(VaultError::Refused));
    }

    #[test]
    fn another_version_of_the_key_is_refused() {
        let material = |version| {
            let name = KeyName { id: [1; 16], version };
            Material { name, data: Secret::new([2; 32]), index: Secret::new([3; 32]) }
        };
        let tenant = tenant();
        let sealed = TenantKeys::derive(tenant, &material(1)).seal(&HERE, b"mara@example.org");

        let refused = TenantKeys::derive(tenant, &material(2)).open(&HERE, &sealed).err();

        assert_eq!(refused, Some(VaultError::UnknownKey));
    }

    #[test]
    fn keys_wrapped_for_another_tenant_are_refused() {
        let keyring = Keyring::generate();
        let (_, wrapped) = TenantKeys::generate(&keyring, tenant());

        let refused = TenantKeys::unwrap(&keyring, tenant(), &wrapped).err();

        assert_eq!(refused, Some(VaultError::Refused));
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        let keyring = Keyring::generate();
        let tenant = tenant();
        for length in [0, MATERIAL - 1, MATERIAL + 1] {
            let wrapped = keyring.wrap(&context(&tenant), &vec![0; length]);
            let refused = TenantKeys::unwrap(&keyring, tenant, &wrapped).err();
            assert_eq!(refused, Some(VaultError::Malformed), "{length}");
        }
    }

    #[test]
    fn stored_keys_open_what_the_fresh_ones_sealed() {
        let keyring = Keyring::generate();
        let tenant = tenant();
        let (fresh, wrapped) = TenantKeys::generate(&keyring, tenant);

        let stored = TenantKeys::unwrap(&keyring, tenant, &wrapped).unwrap();

        let sealed = fresh.seal(&HERE, b"mara@example.org");
        assert_eq!(stored.open(&HERE, &sealed).unwrap().expose(), b"mara@example.org");
        let index = |keys: &TenantKeys| keys.blind_index("candidate", "email", "mara@example.org");
        assert_eq!(index(&stored), index(&fresh));
    }

    #[test]
    fn equal_plaintexts_never_give_equal_ciphertexts() {
        let keys = keys();
        // More than one pool of nonces.
        let sealed: HashSet<_> = (0..1000).map(|_| keys.seal(&HERE, b"same")).collect();

        let bodies: HashSet<_> = sealed.iter().map(|sealed| &sealed[71..]).collect();

        assert_eq!(bodies.len(), 1000);
    }

    #[test]
    fn blind_indexes_meet_only_in_the_same_tenant_table_and_column() {
        let keys = keys();
        let cases = [
            keys.blind_index("candidate", "email", "mara@example.org"),
            keys.blind_index("candidate", "email", "mara@example.com"),
            keys.blind_index("candidate", "phone", "mara@example.org"),
            keys.blind_index("client", "email", "mara@example.org"),
            keys.blind_index("candidatee", "mail", "mara@example.org"),
            self::keys().blind_index("candidate", "email", "mara@example.org"),
        ];

        assert_eq!(cases.iter().collect::<HashSet<_>>().len(), cases.len());
        assert_eq!(keys.blind_index("candidate", "email", "mara@example.org"), cases[0]);
    }

    #[test]
    fn a_blind_index_is_stable() {
        let name = KeyName { id: [1; 16], version: 1 };
        let material = Material { name, data: fresh(), index: Secret::new([3; 32]) };
        let keys = TenantKeys::derive(tenant(), &material);

        let index = keys.blind_index("candidate", "email", "mara@example.org");

        // HMAC computed with another implementation.
        assert_eq!(data_encoding::HEXLOWER.encode(&index), "7e75f681fff4e9c9f9b63d1aed2c543a");
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_in_its_place(
            plain: Vec<u8>,
            table: String,
            column: String,
            row: [u8; 16],
        ) {
            let keys = keys();
            let place = Place { table: &table, column: &column, row: &row };

            let opened = keys.open(&place, &keys.seal(&place, &plain)).unwrap();

            prop_assert_eq!(opened.expose(), &plain);
        }
    }
}
