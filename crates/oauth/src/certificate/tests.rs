//! Certificates that are none, and what those that are say.

use std::time::Duration;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};

use super::*;

fn der(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "PT");
    params.distinguished_name.push(DnType::OrganizationName, "Acme, Lda");
    params.distinguished_name.push(DnType::CommonName, "hr");
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn rule(kind: &str, value: &str) -> CertificateRule {
    CertificateRule::parse(kind, value).unwrap()
}

#[test]
fn what_is_no_certificate_is_refused() {
    let whole = der(|_| {});
    let longer = [&whole[..], b"x"].concat();

    for bytes in [&b""[..], b"MII", &whole[..whole.len() - 1], &longer, &[0x30; 20_000]] {
        assert_eq!(Certificate::read(bytes), Err(CertificateError::Malformed));
    }
    assert!(Certificate::read(&whole).is_ok());
}

#[test]
fn one_for_servers_or_for_signing_certificates_is_refused() {
    let server = der(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let authority = der(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    let client = der(|params| {
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });

    assert_eq!(Certificate::read(&server), Err(CertificateError::Usage));
    assert_eq!(Certificate::read(&authority), Err(CertificateError::Usage));
    assert!(Certificate::read(&client).is_ok());
}

#[test]
fn it_holds_from_its_first_moment_to_its_last() {
    let read = Certificate::read(&der(|params| {
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 2, 1);
    }))
    .unwrap();
    let second = Duration::from_secs(1);

    assert!(!read.holds(read.not_before.minus(second)));
    assert!(read.holds(read.not_before) && read.holds(read.not_after));
    assert!(!read.holds(read.not_after.plus(second)));
}

#[test]
fn a_name_means_nothing_without_an_authority_that_is_trusted() {
    let stranger = Certificate::read(&der(|params| {
        params.subject_alt_names = vec![
            SanType::DnsName("HR.acme.example".try_into().unwrap()),
            SanType::DnsName("*.acme.example".try_into().unwrap()),
            SanType::URI("urn:acme:hr".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::Rfc822Name("hr@acme.example".try_into().unwrap()),
        ];
    }))
    .unwrap();
    let known = stranger.clone().trusted();

    for meant in [
        rule("subject_dn", r"CN=hr,O=Acme\, Lda,C=PT"),
        rule("san_dns", "hr.ACME.example"),
        rule("san_uri", "urn:acme:hr"),
        rule("san_ip", "192.0.2.7"),
        rule("san_email", "hr@acme.example"),
    ] {
        assert!(known.is_meant_by(&meant), "{meant:?}");
        assert!(!stranger.is_meant_by(&meant), "{meant:?}");
    }
    for other in [
        rule("subject_dn", "CN=hr"),
        rule("san_dns", "acme.example"),
        rule("san_dns", "x.acme.example"),
        rule("san_dns", "*.acme.example"),
        rule("san_ip", "192.0.2.8"),
        rule("san_email", "urn:acme:hr"),
    ] {
        assert!(!known.is_meant_by(&other), "{other:?}");
    }
}

#[test]
fn a_thumbprint_means_one_certificate_whoever_issued_it() {
    let (one, other) = (Certificate::read(&der(|_| {})), Certificate::read(&der(|_| {})));
    let (one, other) = (one.unwrap(), other.unwrap());

    let meant = rule("thumbprint", one.thumbprint());

    assert!(one.is_meant_by(&meant));
    assert!(!other.is_meant_by(&meant));
    assert_eq!(one.subject(), other.subject());
}

#[test]
fn what_is_special_in_a_subject_is_escaped() {
    for (value, written) in [
        ("a,b", r"a\,b"),
        ("a+b=c", r"a\+b=c"),
        (" a ", r"\ a\ "),
        ("#a#", r"\#a#"),
        ("a\\\"", r#"a\\\""#),
        ("a\nb", r"a\0Ab"),
    ] {
        assert_eq!(escaped(value), written);
    }
}

#[test]
fn a_rule_that_could_mean_nothing_is_none() {
    for (kind, value) in [
        ("subject_dn", ""),
        ("subject_dn", "a\nb"),
        ("san_ip", "localhost"),
        ("thumbprint", "short"),
        ("san_other", "x"),
    ] {
        assert_eq!(CertificateRule::parse(kind, value), None, "{kind} {value}");
    }
}
