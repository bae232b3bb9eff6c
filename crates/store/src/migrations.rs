//! Schema changes, oldest first. Forward only: widen, move, narrow.

mod both;
mod m0001_first;
mod m0010_employments;
mod m0020_sync;
mod m0021_words;
mod m0022_chores;
mod m0023_bulk;
mod m0024_sandbox;
mod m0030_matches;
mod m0040_identity;
mod m0041_api_keys;
mod m0042_grants;
mod m0050_staff;
mod m0060_blocklists;
mod m0070_authorize;
mod m0080_passkeys;
mod m0081_proposals;
mod m0090_bans;
mod m0091_usage_plans;
mod m0100_match_runs;
mod m0101_merges;
mod m0110_signing_keys;
mod m0111_certificates;
mod m0120_federation;
mod m0130_first_party;
mod m0131_leaks;
mod m0155_quotas;
mod m0160_vouched_grants;
mod m0161_secret_uses;

use sea_orm_migration::prelude::*;

/// All of them.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::Migration),
            Box::new(m0010_employments::Migration),
            Box::new(m0020_sync::Migration),
            Box::new(m0021_words::Migration),
            Box::new(m0022_chores::Migration),
            Box::new(m0023_bulk::Migration),
            Box::new(m0024_sandbox::Migration),
            Box::new(m0030_matches::Migration),
            Box::new(m0040_identity::Migration),
            Box::new(m0041_api_keys::Migration),
            Box::new(m0042_grants::Migration),
            Box::new(m0050_staff::Migration),
            Box::new(m0060_blocklists::Migration),
            Box::new(m0070_authorize::Migration),
            Box::new(m0080_passkeys::Migration),
            Box::new(m0081_proposals::Migration),
            Box::new(m0090_bans::Migration),
            Box::new(m0091_usage_plans::Migration),
            Box::new(m0100_match_runs::Migration),
            Box::new(m0101_merges::Migration),
            Box::new(m0110_signing_keys::Migration),
            Box::new(m0111_certificates::Migration),
            Box::new(m0120_federation::Migration),
            Box::new(m0130_first_party::Migration),
            Box::new(m0131_leaks::Migration),
            Box::new(m0155_quotas::Migration),
            Box::new(m0160_vouched_grants::Migration),
            Box::new(m0161_secret_uses::Migration),
        ]
    }
}
