//! The catalogue of personal data against the schema.

use std::collections::BTreeSet;

use store::catalogue::personal_data;

use crate::base::on_postgres;

/// Bytes that are about nobody: keys, hashes, and the audit trail, which holds names of fields.
const NOBODY: &[&str] = &[
    "api_key.hash",
    "audit_entry.body",
    "audit_entry.leaf_hash",
    "authorization_code.hash",
    "idempotency.body_hash",
    "idempotency.key_hash",
    "partner_secret.hash",
    "pushed_request.hash",
    "quota_use.key",
    "refresh_family.current",
    "refresh_family.previous",
    "refresh_family.salt",
    "seen_jti.hash",
    "sign_in_delay.subject",
    "signing_key.sealed",
    "staff_enrolment.hash",
    "staff_passkey.credential_id",
    "staff_passkey.lookup",
    "staff_passkey.public_key",
    "staff_recovery_code.hash",
    "staff_session.hash",
    "staff_session.provider_session",
    "tenant_key.wrapped",
];

#[tokio::test]
async fn every_sealed_or_indexed_column_is_in_the_catalogue_and_no_other() {
    on_postgres(async |base| {
        let sql = "select (table_name || '.' || column_name)::text from information_schema.columns \
             where table_schema = 'public' and data_type = 'bytea'";
        let schema: Vec<String> = base.raw.column(sql).await;
        let listed: BTreeSet<String> =
            personal_data().map(|column| format!("{}.{}", column.table, column.column)).collect();

        let sealed: BTreeSet<String> =
            schema.into_iter().filter(|name| !NOBODY.contains(&name.as_str())).collect();

        assert_eq!(sealed, listed);
    })
    .await;
}
