-- A pushed request is found before its tenant is known, by a hash of what the browser brings: until
-- then that one row is seen, and no other.
alter table pushed_request enable row level security;
alter table pushed_request force row level security;
grant select, insert, update, delete on pushed_request to ringwall_app;
create policy pushed_request_wall on pushed_request
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy pushed_request_self on pushed_request
  for select
  using (encode(hash, 'hex') = nullif(current_setting('app.presented', true), ''));
create policy pushed_request_runner on pushed_request
  using (current_setting('app.runner', true) = 'on');
