-- Somebody who signs in, a session and an enrolment link are found before their tenant is known:
-- until then the one row is seen that a hash of what was presented names, and no other.
alter table staff enable row level security;
alter table staff force row level security;
grant select, insert, update on staff to ringwall_app;
create policy staff_wall on staff
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy staff_self on staff
  for select
  using (encode(sign_in_index, 'hex') = nullif(current_setting('app.presented', true), ''));

alter table staff_recovery_code enable row level security;
alter table staff_recovery_code force row level security;
grant select, insert, update, delete on staff_recovery_code to ringwall_app;
create policy staff_recovery_code_wall on staff_recovery_code
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table staff_enrolment enable row level security;
alter table staff_enrolment force row level security;
grant select, insert, update, delete on staff_enrolment to ringwall_app;
create policy staff_enrolment_wall on staff_enrolment
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy staff_enrolment_self on staff_enrolment
  for select
  using (encode(hash, 'hex') = nullif(current_setting('app.presented', true), ''));
create policy staff_enrolment_runner on staff_enrolment
  using (current_setting('app.runner', true) = 'on');

alter table staff_session enable row level security;
alter table staff_session force row level security;
grant select, insert, update, delete on staff_session to ringwall_app;
create policy staff_session_wall on staff_session
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy staff_session_self on staff_session
  for select
  using (encode(hash, 'hex') = nullif(current_setting('app.presented', true), ''));
create policy staff_session_runner on staff_session
  using (current_setting('app.runner', true) = 'on');

-- Keyed hashes without an owner: nothing can be learnt from one but that it failed.
grant select, insert, update, delete on sign_in_delay to ringwall_app;
