-- A passkey is found before its tenant is known: until then the one row is seen that a hash of the
-- credential's id names, and no other.
alter table staff_passkey enable row level security;
alter table staff_passkey force row level security;
grant select, insert, update, delete on staff_passkey to ringwall_app;
create policy staff_passkey_wall on staff_passkey
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy staff_passkey_self on staff_passkey
  for select
  using (encode(lookup, 'hex') = nullif(current_setting('app.presented', true), ''));
