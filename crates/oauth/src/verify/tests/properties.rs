//! What holds for any text at all.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn arbitrary_text_is_refused_without_panic(text in "\\PC{0,200}") {
        prop_assert!(Bench::new().verify(&text).is_err());
    }

    #[test]
    fn arbitrary_parts_are_refused_without_panic(
        header in proptest::collection::vec(any::<u8>(), 0..64),
        payload in proptest::collection::vec(any::<u8>(), 0..64),
        signature in proptest::collection::vec(any::<u8>(), 60..68),
    ) {
        let parts = [header, payload, signature].map(|part| BASE64URL_NOPAD.encode(&part));
        prop_assert!(Bench::new().verify(&parts.join(".")).is_err());
    }

    #[test]
    fn arbitrary_signed_payloads_are_refused_without_panic(
        text in "(\\{|\\}|\"exp\"|\"iat\"|:|,|[0-9-]{1,20}|\\PC){0,20}",
    ) {
        prop_assert_eq!(with_payload(&text).unwrap_err(), TokenError::Claims);
    }

    #[test]
    fn any_changed_character_is_refused(
        place in any::<prop::sample::Index>(),
        to in "[A-Za-z0-9_.-]",
    ) {
        let bench = Bench::new();
        let token = bench.sign(&bench.header().to_string(), &payload().to_string());
        let place = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(place..=place, &to);

        prop_assert!(changed == token || bench.verify(&changed).is_err());
    }
}
