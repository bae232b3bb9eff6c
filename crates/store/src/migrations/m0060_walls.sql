-- An entry is made and removed, and never changed.
alter table blocklist enable row level security;
alter table blocklist force row level security;
grant select, insert, delete on blocklist to ringwall_app;
create policy blocklist_wall on blocklist
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
