-- A tenant sees and lifts the bans of its own callers. Bans of addresses belong to nobody's data:
-- each node places and hears of them, by a setting of its own which requests never have.
alter table ban enable row level security;
alter table ban force row level security;
grant select, insert, update, delete on ban to ringwall_app;
create policy ban_wall on ban
  for select
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy ban_add on ban
  for insert
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy ban_change on ban
  for update
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy ban_runner on ban
  using (current_setting('app.runner', true) = 'on')
  with check (current_setting('app.runner', true) = 'on');
