//! Size and shape of the token.

use super::*;

#[test]
fn a_token_over_8_kib_is_refused_before_anything_else() {
    let bench = Bench::new();

    let at_most = bench.verify(&"!".repeat(8192));
    let over = bench.verify(&"!".repeat(8193));

    assert_eq!(at_most.unwrap_err(), TokenError::Malformed);
    assert_eq!(over.unwrap_err(), TokenError::TooLarge);
}

#[test]
fn other_than_three_parts_are_refused() {
    let bench = Bench::new();
    let token = bench.sign(&bench.header().to_string(), &payload().to_string());
    let (message, _) = token.rsplit_once('.').unwrap();

    for text in ["", ".", "..", message, &format!("{token}.AA"), &format!("{token}.")] {
        let error = bench.verify(text).unwrap_err();

        assert!(matches!(error, TokenError::Malformed | TokenError::Header), "{text}: {error}");
    }
}

#[test]
fn padding_white_space_and_the_other_alphabet_are_refused() {
    let bench = Bench::new();
    let token = bench.sign(&bench.header().to_string(), &payload().to_string());

    for text in [format!("{token}=="), format!(" {token}"), format!("{token}\n"), "+/.a.b".into()] {
        assert_eq!(bench.verify(&text).unwrap_err(), TokenError::Malformed, "{text}");
    }
}

#[test]
fn stray_bits_at_the_end_of_the_signature_are_refused() {
    let bench = Bench::new();
    let mut token = bench.sign(&bench.header().to_string(), &payload().to_string());
    // 64 bytes leave 4 bits unused in the last digit, so the next digit decodes to the same.
    let last = token.pop().unwrap();
    token.push(char::from(u8::try_from(last).unwrap() + 1));

    assert_eq!(bench.verify(&token).unwrap_err(), TokenError::Malformed);
}
