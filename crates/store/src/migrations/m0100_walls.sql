-- A run that waits changes until it is over.
grant update on match_run to ringwall_app;

-- A job that never was open is removed with its matches, also where people are real: the job goes
-- first, and what is about no job may follow.
drop policy job_match_sandbox on job_match;
create policy job_match_sandbox on job_match as restrictive
  for delete
  using (
    exists (select 1 from tenant t where t.id = tenant_id and t.environment = 'sandbox')
    or not exists (select 1 from job j where j.id = job_id));
