-- Each node hears of all plans and of whom they are assigned to, by a setting of its own which
-- requests never have; a row holds ids and numbers, nothing else.
alter table usage_plan enable row level security;
alter table usage_plan force row level security;
grant select, insert, update, delete on usage_plan to ringwall_app;
create policy usage_plan_wall on usage_plan
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy usage_plan_runner on usage_plan
  for select
  using (current_setting('app.runner', true) = 'on');
create policy usage_plan_prune on usage_plan
  for delete
  using (current_setting('app.runner', true) = 'on');

alter table usage_assignment enable row level security;
alter table usage_assignment force row level security;
grant select, insert, update, delete on usage_assignment to ringwall_app;
create policy usage_assignment_wall on usage_assignment
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy usage_assignment_runner on usage_assignment
  for select
  using (current_setting('app.runner', true) = 'on');
create policy usage_assignment_prune on usage_assignment
  for delete
  using (current_setting('app.runner', true) = 'on');

-- What was told once is not told again, and not changed.
alter table usage_alert enable row level security;
alter table usage_alert force row level security;
grant select, insert, delete on usage_alert to ringwall_app;
create policy usage_alert_wall on usage_alert
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy usage_alert_prune on usage_alert
  for delete
  using (current_setting('app.runner', true) = 'on');
create policy usage_alert_find on usage_alert
  for select
  using (current_setting('app.runner', true) = 'on');
