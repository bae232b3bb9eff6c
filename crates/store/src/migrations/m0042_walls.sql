-- Grants are a tenant's: a client is known, and so its tenant, before it may redeem anything. What
-- is over is removed by background work, which has a setting of its own.
alter table authorization_code enable row level security;
alter table authorization_code force row level security;
grant select, insert, update, delete on authorization_code to ringwall_app;
create policy authorization_code_wall on authorization_code
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy authorization_code_runner on authorization_code
  using (current_setting('app.runner', true) = 'on');

alter table refresh_family enable row level security;
alter table refresh_family force row level security;
grant select, insert, update, delete on refresh_family to ringwall_app;
create policy refresh_family_wall on refresh_family
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy refresh_family_runner on refresh_family
  using (current_setting('app.runner', true) = 'on');
