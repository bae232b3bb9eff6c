//! `ringwall admin certificates`: which certificates are a partner's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::BASE64;
use gate::tls::first_certificate;
use oauth::{Certificate, CertificateRule};
use serde_json::Value;
use store::partners;

use crate::cli::admin::CertificatesArgs;
use crate::cli::exit::{Failure, print};
use crate::partner::{close, failed, find, on};
use crate::registration;

/// Registers which certificates are a partner's, in place of what was before.
///
/// # Errors
/// When a file has no certificate of a client, several names are to be compared, or there is no
/// such partner.
pub(crate) fn register(args: &CertificatesArgs) -> Result<(), Failure> {
    let rules = rules(args)?;
    on(&args.config, async |base, _| {
        let (partner, permit) = find(&base, &args.client).await?;
        let witness = registration::witness(&base, "admin certificates");
        let mut tx = base.store.tenant(&permit, &witness).await.map_err(failed)?;
        let client_id = partner.client_id.as_str();
        let set = partners::set_certificates(&mut tx, client_id, &rules, args.bound).await;
        set.map_err(failed)?;
        tx.commit(None).await.map_err(failed)?;
        close(base).await
    })?;
    let told: Vec<String> =
        rules.iter().map(|rule| format!("  {} {}\n", rule.kind(), rule.value())).collect();
    print(&format!("`{}` has {} certificates\n{}", args.client, rules.len(), told.concat()))
}

fn rules(args: &CertificatesArgs) -> Result<Vec<CertificateRule>, Failure> {
    let said = [&args.subject_dn, &args.san_dns, &args.san_uri, &args.san_ip, &args.san_email];
    let mut names: Vec<CertificateRule> = said.into_iter().flatten().cloned().collect();
    if let Some(path) = &args.subject_of {
        let read = pem(path)?;
        let subject = read.subject().and_then(|text| CertificateRule::parse("subject_dn", text));
        names.push(subject.ok_or_else(|| odd(path, "its subject is empty or no text"))?);
    }
    // RFC 8705 §2.1.2.
    if names.len() > 1 {
        let text = "expected one subject or name to compare: certificates of an authority have one";
        return Err(Failure::Failed(text.to_owned()));
    }
    for path in &args.self_signed {
        names.push(thumbprint(path, &pem(path)?)?);
    }
    if let Some(path) = &args.jwks {
        names.extend(of_keys(path)?);
    }
    if names.len() > RULES_MAX {
        return Err(Failure::Failed(format!("expected at most {RULES_MAX} certificates")));
    }
    Ok(names)
}

/// RFC 8705 §2.2: the certificates of a key set.
fn of_keys(path: &Path) -> Result<Vec<CertificateRule>, Failure> {
    let set: Value = serde_json::from_slice(&bytes(path)?).map_err(|error| odd(path, error))?;
    let keys = set.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if keys.is_empty() {
        return Err(odd(path, "no keys"));
    }
    let first = |key: &Value| {
        let text = key.get("x5c")?.as_array()?.first()?.as_str()?;
        BASE64.decode(text.as_bytes()).ok()
    };
    let rules = keys.iter().map(|key| {
        let der = first(key).ok_or_else(|| odd(path, "a key without a certificate in `x5c`"))?;
        thumbprint(path, &Certificate::read(&der).map_err(|error| odd(path, error))?)
    });
    rules.collect()
}

fn thumbprint(path: &Path, read: &Certificate) -> Result<CertificateRule, Failure> {
    let rule = CertificateRule::parse("thumbprint", read.thumbprint());
    rule.ok_or_else(|| odd(path, "no thumbprint"))
}

fn pem(path: &Path) -> Result<Certificate, Failure> {
    let der = first_certificate(&bytes(path)?).map_err(|error| odd(path, error))?;
    Certificate::read(&der).map_err(|error| odd(path, error))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| odd(path, error))?;
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| odd(path, error))?;
    Ok(bytes)
}

fn odd(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::Failed(format!("`{}` has no certificate of a client: {error}", path.display()))
}

const FILE_BYTES_MAX: u64 = 256 * 1024;
const RULES_MAX: usize = 8;
