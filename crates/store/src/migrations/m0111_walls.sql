-- A client proves itself before its tenant is known: until then it sees its own registration only.
alter table partner_certificate enable row level security;
alter table partner_certificate force row level security;
grant select, insert, update, delete on partner_certificate to ringwall_app;
create policy partner_certificate_wall on partner_certificate
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy partner_certificate_self on partner_certificate
  for select
  using (client_id = nullif(current_setting('app.client', true), ''));
