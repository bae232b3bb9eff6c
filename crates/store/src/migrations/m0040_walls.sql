-- A client proves itself before its tenant is known: until then it sees its own registration only.
alter table partner_key enable row level security;
alter table partner_key force row level security;
grant select, insert, update, delete on partner_key to ringwall_app;
create policy partner_key_wall on partner_key
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy partner_key_self on partner_key
  for select
  using (client_id = nullif(current_setting('app.client', true), ''));

-- Hashes without an owner: nothing can be learnt from one but that it was seen.
grant select, insert, delete on seen_jti to ringwall_app;

-- A tenant revokes what is its own. Each node hears of all of it, by a setting of its own which
-- requests never have; a row names ids, nothing else. What was revoked stays so until its end.
alter table revocation enable row level security;
alter table revocation force row level security;
grant select, insert, delete on revocation to ringwall_app;
create policy revocation_wall on revocation
  for select
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy revocation_add on revocation
  for insert
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy revocation_runner on revocation
  for select
  using (current_setting('app.runner', true) = 'on');
create policy revocation_prune on revocation
  for delete
  using (current_setting('app.runner', true) = 'on');
