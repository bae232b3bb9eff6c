//! The times: integers, bounded, against the clock that is given.

use super::*;

#[test]
fn a_time_that_is_no_integer_is_refused() {
    for name in ["exp", "iat", "nbf"] {
        let odd = [json!(1_800_000_100.5), json!("1800000100"), json!(true), json!(u64::MAX)];
        for value in odd {
            let refused = with_claim(name, value.clone());

            assert_eq!(refused.unwrap_err(), TokenError::Claims, "{name} {value}");
        }
    }
    assert_eq!(with_claim("nbf", Value::Null).unwrap_err(), TokenError::Claims);
}

#[test]
fn a_time_in_exponent_form_is_refused() {
    let good = payload().to_string();
    let odd = good.replace(&format!("\"exp\":{}", NOW + 900), "\"exp\":18000009e2");

    assert_ne!(odd, good);
    assert_eq!(with_payload(&odd).unwrap_err(), TokenError::Claims);
}

#[test]
fn an_expired_token_is_refused_after_five_seconds_of_leeway() {
    assert_eq!(with_times(NOW - 900, NOW - 5).unwrap_err(), TokenError::Expired);
    assert!(with_times(NOW - 900, NOW - 4).is_ok());
}

#[test]
fn the_clock_is_the_one_given() {
    let bench = Bench::new();
    let token = bench.sign(&bench.header().to_string(), &payload().to_string());

    let later = Timestamp::from_millis((NOW + 905) * 1000);
    let earlier = Timestamp::from_millis((NOW + 905) * 1000 - 1);

    let expired = verify(&token, &bench.keys, &EXPECT, later);
    assert_eq!(expired.unwrap_err(), TokenError::Expired);
    assert!(verify(&token, &bench.keys, &EXPECT, earlier).is_ok());
}

#[test]
fn a_token_of_the_future_is_refused_after_five_seconds_of_leeway() {
    assert_eq!(with_times(NOW + 6, NOW + 60).unwrap_err(), TokenError::IssuedInFuture);
    assert!(with_times(NOW + 5, NOW + 60).is_ok());
}

#[test]
fn nbf_is_honoured_with_five_seconds_of_leeway() {
    assert_eq!(with_claim("nbf", json!(NOW + 6)).unwrap_err(), TokenError::NotYetValid);
    assert!(with_claim("nbf", json!(NOW + 5)).is_ok());
}

#[test]
fn a_life_over_900_seconds_or_under_one_is_refused() {
    assert_eq!(with_times(NOW, NOW + 901).unwrap_err(), TokenError::Lifetime);
    assert_eq!(with_times(NOW, NOW).unwrap_err(), TokenError::Lifetime);
    assert_eq!(with_times(NOW, NOW - 1).unwrap_err(), TokenError::Lifetime);
    assert_eq!(with_times(i64::MIN, i64::MAX).unwrap_err(), TokenError::Lifetime);
    assert!(with_times(NOW, NOW + 900).is_ok());
}
