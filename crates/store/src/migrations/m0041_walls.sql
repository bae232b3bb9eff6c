-- A key is found before its tenant is known: until then its own row is seen, and no other.
alter table api_key enable row level security;
alter table api_key force row level security;
grant select, insert, update on api_key to ringwall_app;
create policy api_key_wall on api_key
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy api_key_self on api_key
  for select
  using (key_id = nullif(current_setting('app.api_key', true), ''));
