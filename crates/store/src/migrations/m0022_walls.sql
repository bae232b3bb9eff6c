-- Work belongs to a tenant. Who runs it must find it before the tenant is known: for that there is
-- a setting of its own, which requests never have. A row names kinds and ids, nothing else.
alter table chore enable row level security;
alter table chore force row level security;
grant select, insert, update, delete on chore to ringwall_app;
create policy chore_wall on chore
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy chore_runner on chore
  using (current_setting('app.runner', true) = 'on')
  with check (current_setting('app.runner', true) = 'on');

-- Who asked to be forgotten: a keyed hash of an address, and when.
alter table suppression enable row level security;
alter table suppression force row level security;
grant select, insert, delete on suppression to ringwall_app;
create policy suppression_wall on suppression
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
