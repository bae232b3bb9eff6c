//! CBOR of authenticators (RFC 8949, CTAP2's restrictions): maps without doubles, shallow, whole.

use ciborium::Value;

use super::PasskeyError;

/// A map whose keys are all different.
pub(super) struct Map(Vec<(Value, Value)>);

impl Map {
    /// Reads a map from the beginning, and says how many bytes it took.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), PasskeyError> {
        let mut rest = bytes;
        let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH_MAX)
            .map_err(|_| PasskeyError::Malformed)?;
        let Value::Map(members) = value else { return Err(PasskeyError::Malformed) };
        Ok((Self::of(members)?, bytes.len() - rest.len()))
    }

    /// Reads a map that is all there is.
    pub(super) fn read_whole(bytes: &[u8]) -> Result<Self, PasskeyError> {
        let (map, taken) = Self::read(bytes)?;
        if taken == bytes.len() { Ok(map) } else { Err(PasskeyError::Malformed) }
    }

    fn of(members: Vec<(Value, Value)>) -> Result<Self, PasskeyError> {
        if members.len() > MEMBERS_MAX {
            return Err(PasskeyError::Malformed);
        }
        for (index, (key, _)) in members.iter().enumerate() {
            if members.iter().skip(index + 1).any(|(other, _)| other == key) {
                return Err(PasskeyError::Malformed);
            }
        }
        Ok(Self(members))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn bytes(&self, key: impl Into<Value>) -> Option<&[u8]> {
        self.get(&key.into())?.as_bytes().map(Vec::as_slice)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(&key.into())?.as_text()
    }

    pub(super) fn integer(&self, key: impl Into<Value>) -> Option<i128> {
        self.get(&key.into())?.as_integer().map(i128::from)
    }

    /// A map within it.
    pub(super) fn map(&self, key: &str) -> Result<Self, PasskeyError> {
        let inner = self.get(&key.into()).and_then(Value::as_map);
        Self::of(inner.ok_or(PasskeyError::Malformed)?.clone())
    }

    fn get(&self, key: &Value) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

/// Several times what any map of an authenticator has.
const MEMBERS_MAX: usize = 32;
/// CTAP2 allows four levels; certificates of attestations are what lies deepest.
const DEPTH_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_map_or_two_readings_is_refused() {
        let nested = [[0x81; 64].as_slice(), &[0x00]].concat();
        // {0: 0, 1: 0, …}, each key once.
        let members = (0..40_u8).flat_map(|key| [0x18, key.saturating_add(24), 0x00]);
        let crowded: Vec<u8> = [0xb8, 40].into_iter().chain(members).collect();
        for bytes in [
            b"".as_slice(),
            // A number, a list, a map that ends too early.
            b"\x01",
            b"\x80",
            b"\xa1\x01",
            // {1: 2, 1: 3}.
            b"\xa2\x01\x02\x01\x03",
            // A text that is not UTF-8, a length beyond the end.
            b"\xa1\x61\xff\x01",
            b"\xa1\x01\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            &nested,
            &crowded,
        ] {
            assert!(Map::read(bytes).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_follows_a_map_is_left_or_refused() {
        let (map, taken) = Map::read(b"\xa1\x01\x02\x03").unwrap();

        assert_eq!((map.integer(1), taken), (Some(2), 3));
        assert!(Map::read_whole(b"\xa1\x01\x02\x03").is_err());
        assert!(Map::read_whole(b"\xa1\x01\x02").is_ok());
    }
}
