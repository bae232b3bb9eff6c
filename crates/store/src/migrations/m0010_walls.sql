alter table employment enable row level security;
alter table employment force row level security;
grant select, insert, update on employment to ringwall_app;
create policy employment_wall on employment
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
