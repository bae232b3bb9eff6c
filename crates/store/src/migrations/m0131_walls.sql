-- A secret that somebody reports is found before its tenant is known, by its keyed hash: until then that
-- one row is seen, and no other.
create policy partner_secret_presented on partner_secret
  for select
  using (encode(hash, 'hex') = nullif(current_setting('app.presented', true), ''));
