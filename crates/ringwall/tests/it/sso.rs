//! Identity providers, to the binary.

use testkit::IdentityProvider;

use crate::database::Database;
use crate::site::Site;

fn vouched(site: Site, provider: &IdentityProvider, break_glass: &str) -> Site {
    std::fs::write(site.folder().join("provider.pem"), &provider.ca_pem).expect("a file");
    let issuer = &provider.issuer;
    let row = format!(
        "[{{ name = 'idp', issuer = '{issuer}', client_id = 'ringwall', algorithms = ['ES256'], \
         client_secret = 'env:E2E_SECRET', \
         groups = [{{ group = 'recruiters', agency = 'acme', roles = ['recruiter'] }}] }}]"
    );
    site.variable("E2E_SECRET", "a secret")
        .with("SSO__CA_FILE", "provider.pem")
        .with("SSO__PROVIDERS", row)
        .with("SSO__BREAK_GLASS", break_glass)
        .with("SSO__BREAK_GLASS_FROM", r#"["127.0.0.0/8"]"#)
}

#[tokio::test]
async fn a_start_without_two_accounts_for_emergencies_says_so() {
    for database in [Database::Sqlite, Database::Postgres] {
        let provider = IdentityProvider::start().await;
        let site = Site::new(database).await;
        site.found("acme");
        site.found("globex");
        let site = vouched(site, &provider, "true");

        let said = site.start().await.stop().await;

        let told = "`acme` has fewer than 2 enrolled accounts for emergencies";
        assert!(said.contains(told), "{said}");
        assert!(!said.contains("`globex` has"), "{said}");
        let site = vouched(site, &provider, "false");
        let said = site.start().await.stop().await;
        assert!(!said.contains("for emergencies"), "{said}");
    }
}
