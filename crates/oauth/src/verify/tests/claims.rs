//! The claims: all there, each once, of one type.

use super::*;

#[test]
fn every_claim_is_required() {
    for name in payload().as_object().unwrap().keys() {
        let mut less = payload();
        less.as_object_mut().unwrap().remove(name);

        assert_eq!(with_payload(&less.to_string()).unwrap_err(), TokenError::Claims, "{name}");
        assert_eq!(with_claim(name, Value::Null).unwrap_err(), TokenError::Claims, "{name}");
    }
}

#[test]
fn another_issuer_is_refused() {
    for issuer in ["https://id.example/", "https://ID.example", "https://evil.example", ""] {
        assert_eq!(with_claim("iss", json!(issuer)).unwrap_err(), TokenError::Issuer);
    }
}

#[test]
fn a_list_of_issuers_is_refused_although_ours_is_in_it() {
    assert_eq!(with_claim("iss", json!([EXPECT.issuer])).unwrap_err(), TokenError::Claims);
}

#[test]
fn another_audience_is_refused() {
    for audience in ["https://api.example/", "https://other.example", ""] {
        assert_eq!(with_claim("aud", json!(audience)).unwrap_err(), TokenError::Audience);
    }
}

#[test]
fn a_list_of_audiences_is_refused_although_ours_is_in_it() {
    assert_eq!(with_claim("aud", json!([EXPECT.audience])).unwrap_err(), TokenError::Claims);
    let several = json!([EXPECT.audience, "https://other.example"]);
    assert_eq!(with_claim("aud", several).unwrap_err(), TokenError::Claims);
}

#[test]
fn a_subject_that_is_not_the_client_is_refused() {
    assert_eq!(with_claim("sub", json!("usr_mara")).unwrap_err(), TokenError::Subject);
    assert_eq!(with_claim("client_id", json!("pc_b")).unwrap_err(), TokenError::Subject);
}

/// What a token says that a person granted.
fn granted() -> Value {
    let mut payload = payload();
    payload["sub"] = json!("usr_00000000000000000000000007");
    payload["roles"] = json!(["recruiter"]);
    payload["client_roles"] = json!(["partner"]);
    payload["grant_id"] = json!("aaaaaaaaaaaaaaaaaaaaaaaaaa");
    payload["auth_time"] = json!(NOW - 60);
    payload["acr"] = json!("mfa");
    payload
}

#[test]
fn a_token_is_a_clients_own_or_a_persons_and_nothing_between() {
    for name in ["client_roles", "grant_id", "auth_time", "acr"] {
        let mut part = granted();
        part.as_object_mut().unwrap().remove(name);
        assert_eq!(with_payload(&part.to_string()).unwrap_err(), TokenError::Claims, "{name}");
        part[name] = Value::Null;
        assert_eq!(with_payload(&part.to_string()).unwrap_err(), TokenError::Claims, "{name}");
    }
    let client = payload()["client_id"].clone();
    for subject in [client, json!("usr_mara"), json!("ten_00000000000000000000000001"), json!("")] {
        let mut odd = granted();
        odd["sub"] = subject;
        assert_eq!(with_payload(&odd.to_string()).unwrap_err(), TokenError::Subject, "{odd}");
    }
    let claims = with_payload(&granted().to_string()).unwrap();
    assert_eq!(claims.person.unwrap().client_roles, ["partner"]);
}

#[test]
fn an_empty_client_or_token_id_is_refused() {
    let mut payload = payload();
    payload["sub"] = json!("");
    payload["client_id"] = json!("");

    assert_eq!(with_payload(&payload.to_string()).unwrap_err(), TokenError::Subject);
    assert_eq!(with_claim("jti", json!("")).unwrap_err(), TokenError::Claims);
}

#[test]
fn a_malformed_tenant_or_scope_is_refused() {
    let tenants = json!("job_00000000000000000000000001");

    assert_eq!(with_claim("tenant", tenants).unwrap_err(), TokenError::Claims);
    assert_eq!(with_claim("scope", json!("")).unwrap_err(), TokenError::Claims);
    assert_eq!(with_claim("scope", json!(["read:jobs"])).unwrap_err(), TokenError::Claims);
}

#[test]
fn a_claim_given_twice_is_refused_known_or_not() {
    let good = payload().to_string();
    let open = good.strip_suffix('}').unwrap();

    for twice in [r#""exp":1900000000"#, r#""cnf":1,"cnf":2"#, r#""\u0065xp":1900000000"#] {
        let refused = with_payload(&format!("{open},{twice}}}"));

        assert_eq!(refused.unwrap_err(), TokenError::Claims, "{twice}");
    }
}

#[test]
fn a_payload_that_is_no_object_is_refused() {
    for text in ["", "null", "[]", "\"a\"", "{", "{} {}", "{\"a\":1,}"] {
        assert_eq!(with_payload(text).unwrap_err(), TokenError::Claims, "{text}");
    }
}
