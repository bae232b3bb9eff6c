alter table projection enable row level security;
alter table projection force row level security;
grant select, insert, update, delete on projection to ringwall_app;
create policy projection_wall on projection
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table match_run enable row level security;
alter table match_run force row level security;
grant select, insert, delete on match_run to ringwall_app;
create policy match_run_wall on match_run
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy match_run_sandbox on match_run as restrictive
  for delete
  using (exists (select 1 from tenant t
    where t.id = tenant_id and t.environment = 'sandbox'));

alter table job_match enable row level security;
alter table job_match force row level security;
grant select, insert, update, delete on job_match to ringwall_app;
create policy job_match_wall on job_match
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy job_match_sandbox on job_match as restrictive
  for delete
  using (exists (select 1 from tenant t
    where t.id = tenant_id and t.environment = 'sandbox'));

-- The matcher's role: it reads projections and nothing else. The role of requests steps down to it
-- for the transaction in which the matcher reads.
do $$
begin
  if not exists (select from pg_roles where rolname = 'ringwall_matcher') then
    create role ringwall_matcher nologin nosuperuser nobypassrls;
  end if;
exception
  when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if not pg_has_role('ringwall_app', 'ringwall_matcher', 'member') then
    grant ringwall_matcher to ringwall_app;
  end if;
exception
  when insufficient_privilege or invalid_grant_operation or unique_violation then null;
end
$$;

grant usage on schema public to ringwall_matcher;
grant select on projection to ringwall_matcher;
