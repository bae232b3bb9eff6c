//! Arguments of `ringwall admin`.

use clap::{Args, Subcommand};
use kernel::contact::ContactError;
use kernel::{Email, Line, Slug};
use oauth::CertificateRule;

use super::ConfigArgs;

/// Somebody's e-mail address. It is not printed by accident.
#[derive(Clone)]
pub(crate) struct Address(pub(crate) Email);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

fn address(text: &str) -> Result<Address, ContactError> {
    Email::parse(text).map(Address)
}

/// What to administer.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Create a tenant and its first partner, and show the partner's secret once
    Bootstrap(BootstrapArgs),
    /// Take somebody onto a tenant's staff, or give them a new link to set up how they sign in
    Invite(InviteArgs),
    /// End every session of somebody on a tenant's staff, and let them sign in no more
    Deactivate(DeactivateArgs),
    /// Let somebody sign in past the identity providers in an emergency, or no more
    BreakGlass(BreakGlassArgs),
    /// Register the public keys that a partner signs its client assertions with
    Keys(KeysArgs),
    /// Register which certificates are a partner's
    Certificates(CertificatesArgs),
    /// Register where a partner may have people sent back to whom it asks for access
    Redirects(RedirectsArgs),
    /// Make an application the agency's own: its people may type their passwords into it
    FirstParty(FirstPartyArgs),
    /// Give a partner a further secret, shown once; list its secrets, or end one
    Secret(SecretArgs),
    /// End every access token that a partner has, on every node within two seconds
    Revoke(RevokeArgs),
}

/// Somebody on a tenant's staff.
#[derive(Debug, Args)]
#[command(after_help = INVITE_HELP)]
pub(crate) struct InviteArgs {
    /// Short name of the tenant
    #[arg(long, value_name = "SLUG", value_parser = Slug::parse)]
    pub(crate) tenant_slug: Slug,
    /// Their e-mail address, which they sign in with
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    pub(crate) email: Address,
    /// Their name, where they are not on the staff yet
    #[arg(long, value_name = "NAME", value_parser = Line::<1, 120>::parse)]
    pub(crate) name: Option<Line<1, 120>>,
    /// Their role, where they are not on the staff yet
    #[arg(long, value_name = "ROLE", default_value = "recruiter")]
    pub(crate) role: String,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Somebody who leaves.
#[derive(Debug, Args)]
#[command(after_help = DEACTIVATE_HELP)]
pub(crate) struct DeactivateArgs {
    /// Short name of the tenant
    #[arg(long, value_name = "SLUG", value_parser = Slug::parse)]
    pub(crate) tenant_slug: Slug,
    /// Their e-mail address
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    pub(crate) email: Address,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Somebody for emergencies.
#[derive(Debug, Args)]
#[command(after_help = BREAK_GLASS_HELP)]
pub(crate) struct BreakGlassArgs {
    /// Short name of the tenant
    #[arg(long, value_name = "SLUG", value_parser = Slug::parse)]
    pub(crate) tenant_slug: Slug,
    /// Their e-mail address
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    pub(crate) email: Address,
    /// Take it back
    #[arg(long)]
    pub(crate) off: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A partner's public keys.
#[derive(Debug, Args)]
#[command(after_help = KEYS_HELP)]
pub(crate) struct KeysArgs {
    /// The partner's client id
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: String,
    /// File with a JSON Web Key Set; without it the partner has no keys any more
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: Option<std::path::PathBuf>,
    /// Hold the partner to FAPI 2.0: no secrets, no API keys, tokens bound by DPoP or certificate
    #[arg(long)]
    pub(crate) fapi2: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A partner's certificates.
#[derive(Debug, Args)]
#[command(after_help = CERTIFICATES_HELP)]
pub(crate) struct CertificatesArgs {
    /// The partner's client id
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: String,
    /// Of an authority in `tls.client_ca_file`, with the subject of the certificate in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) subject_of: Option<std::path::PathBuf>,
    /// The same, with this subject, as RFC 4514 writes it: the last part first
    #[arg(long, value_name = "DN", value_parser = rule_of("subject_dn"))]
    pub(crate) subject_dn: Option<CertificateRule>,
    /// Of such an authority, with this DNS name
    #[arg(long, value_name = "NAME", value_parser = rule_of("san_dns"))]
    pub(crate) san_dns: Option<CertificateRule>,
    /// Of such an authority, with this URI
    #[arg(long, value_name = "URI", value_parser = rule_of("san_uri"))]
    pub(crate) san_uri: Option<CertificateRule>,
    /// Of such an authority, with this address
    #[arg(long, value_name = "ADDRESS", value_parser = rule_of("san_ip"))]
    pub(crate) san_ip: Option<CertificateRule>,
    /// Of such an authority, with this e-mail address
    #[arg(long, value_name = "EMAIL", value_parser = rule_of("san_email"))]
    pub(crate) san_email: Option<CertificateRule>,
    /// The certificate in this PEM file and no other, whoever issued it; once for each
    #[arg(long, value_name = "FILE")]
    pub(crate) self_signed: Vec<std::path::PathBuf>,
    /// The first certificate (`x5c`) of each key in this JSON Web Key Set and no other
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: Option<std::path::PathBuf>,
    /// Bind its tokens to the certificate that it shows, also when it proves itself otherwise
    #[arg(long)]
    pub(crate) bound: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

fn rule_of(
    kind: &'static str,
) -> impl Fn(&str) -> Result<CertificateRule, String> + Clone + Send + Sync + 'static {
    move |text| {
        let expected = || "expected one line of at most 512 bytes that is such a name".to_owned();
        CertificateRule::parse(kind, text).ok_or_else(expected)
    }
}

/// Where people are sent back to.
#[derive(Debug, Args)]
#[command(after_help = REDIRECTS_HELP)]
pub(crate) struct RedirectsArgs {
    /// The partner's client id
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: String,
    /// A redirection URI, once for each; without any the partner may ask nobody
    #[arg(long, value_name = "URI")]
    pub(crate) uri: Vec<String>,
    /// The partner's application runs on people's own devices: it may have addresses such as
    /// `http://127.0.0.1/callback`, of any port, and schemes such as `com.example.app`
    #[arg(long)]
    pub(crate) native: bool,
    /// The partner has to push its requests to `/oauth/par`
    #[arg(long)]
    pub(crate) par: bool,
    /// Give the partner no refresh tokens
    #[arg(long)]
    pub(crate) no_refresh: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// The agency's own application.
#[derive(Debug, Args)]
#[command(after_help = FIRST_PARTY_HELP)]
pub(crate) struct FirstPartyArgs {
    /// The application's client id
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: String,
    /// It is not the agency's own any more, and what people granted it ends
    #[arg(long)]
    pub(crate) off: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Who needs a further secret.
#[derive(Debug, Args)]
#[command(after_help = SECRET_HELP)]
pub(crate) struct SecretArgs {
    /// The partner's client id
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: String,
    /// List its secrets instead: their ids, ages, ends, and when each was last used
    #[arg(long, conflicts_with = "end")]
    pub(crate) list: bool,
    /// End the secret with this id instead; tokens that it was used for live on, 15 minutes at most
    #[arg(long, value_name = "ID")]
    pub(crate) end: Option<String>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Whose tokens end.
#[derive(Debug, Args)]
#[command(after_help = REVOKE_HELP)]
pub(crate) struct RevokeArgs {
    /// The partner's client id; of a trusted issuer's application: the issuer's name, `:`, its id
    #[arg(long, value_name = "CLIENT_ID", required_unless_present = "subject")]
    pub(crate) client: Option<String>,
    /// A person for whom a trusted issuer vouches: the issuer's name, `:` and their subject there
    #[arg(long, value_name = "ISSUER:SUBJECT", conflicts_with = "client")]
    pub(crate) subject: Option<String>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// The tenant and its first partner.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct BootstrapArgs {
    /// Name of the tenant, as people know it
    #[arg(long, value_name = "NAME", value_parser = Line::<1, 120>::parse)]
    pub(crate) tenant_name: Line<1, 120>,
    /// Short name of the tenant: `a-z`, `0-9` and `-`
    #[arg(long, value_name = "SLUG", value_parser = Slug::parse)]
    pub(crate) tenant_slug: Slug,
    /// Name of the partner, the OAuth client that will call the API
    #[arg(long, value_name = "NAME", value_parser = Line::<1, 120>::parse)]
    pub(crate) partner_name: Line<1, 120>,
    /// Scopes that the partner may ask for, separated by spaces
    #[arg(
        long,
        value_name = "SCOPES",
        value_delimiter = ' ',
        default_value = "read:jobs write:jobs read:candidates write:candidates"
    )]
    pub(crate) scopes: Vec<String>,
    /// Role of the partner
    #[arg(long, value_name = "ROLE", default_value = "partner")]
    pub(crate) role: String,
    /// E-mail address of the tenant's first administrator, who is given a link to enrol
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    pub(crate) admin_email: Option<Address>,
    /// Name of the administrator
    #[arg(
        long,
        value_name = "NAME",
        value_parser = Line::<1, 120>::parse,
        default_value = "Administrator"
    )]
    pub(crate) admin_name: Line<1, 120>,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

const INVITE_HELP: &str = "\
The link is good once and for a day. A new one makes earlier ones void, and whoever is signed in as
them is signed out when it is used: so it also helps who lost their password or their phone.

Examples:
  ringwall admin invite --tenant-slug acme --email rui@acme.example --name \"Rui Tavares\"
  ringwall admin invite --tenant-slug acme --email ada@acme.example --name Ada --role system_admin";

const DEACTIVATE_HELP: &str = "\
Every node hears of it within two seconds.

Examples:
  ringwall admin deactivate --tenant-slug acme --email rui@acme.example";

const BREAK_GLASS_HELP: &str = "\
The account is one of `ringwall admin invite`, which enrolled. It signs in at `/staff/sign-in` from
the networks of `sso.break_glass_from` while `sso.break_glass` is on, for an hour at most; each use
is a critical entry of the audit trail. Keep two such accounts, sealed.

Examples:
  ringwall admin break-glass --tenant-slug acme --email glass-1@acme.example
  ringwall admin break-glass --tenant-slug acme --email glass-1@acme.example --off";

const KEYS_HELP: &str = "\
The keys take the place of those before. Each has a `kid`, and is of P-256 (ES256), P-384 (ES384),
Ed25519 (EdDSA), or RSA of 2048 bits or more with `\"alg\": \"PS256\"`; private keys are refused.

Examples:
  ringwall admin keys --client pc_8f3kq2m1zdy2y2ye --jwks partner-jwks.json
  ringwall admin keys --client pc_8f3kq2m1zdy2y2ye --jwks partner-jwks.json --fapi2";

const CERTIFICATES_HELP: &str = "\
What is registered takes the place of what was before; without anything the partner has no
certificates any more. Of what an authority issues, exactly one name is compared. Tokens that a
certificate was shown for are good over connections with that certificate only.

Examples:
  ringwall admin certificates --client pc_8f3kq2m1zdy2y2ye --san-dns hr.acme.example
  ringwall admin certificates --client pc_8f3kq2m1zdy2y2ye --subject-of partner.pem
  ringwall admin certificates --client pc_8f3kq2m1zdy2y2ye --self-signed partner.pem
  ringwall admin certificates --client pc_8f3kq2m1zdy2y2ye --jwks partner-jwks.json --bound";

const REDIRECTS_HELP: &str = "\
The addresses take the place of those before. Requests name one of them character by character.
People of the partner's agency are asked on our own page, and decide for themselves.

Examples:
  ringwall admin redirects --client pc_8f3kq2m1zdy2y2ye --uri https://ats.example/callback
  ringwall admin redirects --client pc_8f3kq2m1zdy2y2ye --uri http://127.0.0.1/callback --native
  ringwall admin redirects --client pc_8f3kq2m1zdy2y2ye";

const FIRST_PARTY_HELP: &str = "\
Such an application sees passwords and codes: take only what the agency itself has written and runs.
It signs people in by `POST /v1/auth/login`, and gets refresh tokens for them. Whatever others run
sends people to `/oauth/authorize` instead.

Examples:
  ringwall admin first-party --client pc_8f3kq2m1zdy2y2ye
  ringwall admin first-party --client pc_8f3kq2m1zdy2y2ye --off";

const SECRET_HELP: &str = "\
Those before stay good, so that a partner can go over to the new one without an outage: give it the
new one, list them until the old one is not used any more, and end that. One that was reported as
leaked has ended already. Of more than eight live ones the oldest are not looked at.

Examples:
  ringwall admin secret --client pc_8f3kq2m1zdy2y2ye
  ringwall admin secret --client pc_8f3kq2m1zdy2y2ye --list
  ringwall admin secret --client pc_8f3kq2m1zdy2y2ye --end sec_019ad3f27c8b7e0f8d1c5b2a4e6f8091";

const REVOKE_HELP: &str = "\
What people granted it ends, too. The partner may ask for new tokens; its API keys are not touched.
Works beside a running server.

A trusted issuer may issue new ones: whom it shall vouch for in vain stands in `denied_subjects`,
and an application that is not among its `clients` is refused.

Examples:
  ringwall admin revoke --client pc_8f3kq2m1zdy2y2ye
  ringwall admin revoke --client okta:0oa1b2c3
  ringwall admin revoke --subject okta:00u4d5e6";

const HELP: &str = "\
The secret is stored as a keyed hash, the link as a hash; neither can be shown again. The slug must
not be taken.

Examples:
  ringwall admin bootstrap --tenant-name \"Acme Talent\" --tenant-slug acme --partner-name \"ATS\"
  ringwall admin bootstrap --tenant-name Beta --tenant-slug beta --partner-name CRM --json
  ringwall admin bootstrap --tenant-name A --tenant-slug a --partner-name B --admin-email c@a.org

Exit codes:
  0  created; client id and secret are on standard output
  1  it failed, and nothing was created
  2  the configuration or the command line is wrong";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

    fn scopes(more: &[&str]) -> Result<Vec<String>, clap::Error> {
        let words = "ringwall admin bootstrap --tenant-name A --tenant-slug a --partner-name P";
        let cli = Cli::try_parse_from(words.split(' ').chain(more.iter().copied()))?;
        let Command::Admin(AdminCommand::Bootstrap(args)) = cli.command else { panic!("it is") };
        Ok(args.scopes)
    }

    #[test]
    fn a_slug_or_name_that_does_not_fit_is_refused() {
        assert!(scopes(&["--tenant-slug", "Not A Slug"]).is_err());
        let words = "ringwall admin bootstrap --tenant-slug a --partner-name P --tenant-name";
        assert!(Cli::try_parse_from(words.split(' ').chain([" "])).is_err());
    }

    #[test]
    fn scopes_are_separated_by_spaces() {
        assert_eq!(scopes(&["--scopes", "read:jobs read:clients"]).unwrap().len(), 2);
        assert_eq!(scopes(&[]).unwrap().len(), 4);
    }
}
