-- The walls between tenants: forced row-level security, and a role that owns nothing.
-- `app.tenant` is set for each transaction from a permit; unset, no row is visible.

-- Roles belong to the whole server: others may make this one too, now or before, and an owner who
-- may not make roles can be given it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'ringwall_app') then
    create role ringwall_app nologin nosuperuser nobypassrls;
  end if;
exception
  when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if not pg_has_role('ringwall_app', 'member') then
    execute format('grant ringwall_app to %I', current_user);
  end if;
exception
  when insufficient_privilege or invalid_grant_operation or unique_violation then null;
end
$$;

grant usage on schema public to ringwall_app;

-- Who is here is no secret among tenants: a client's tenant is read before it is known. A tenant's
-- own row is its own to change.
alter table tenant enable row level security;
alter table tenant force row level security;
grant select, insert, update on tenant to ringwall_app;
create policy tenant_wall on tenant
  using (id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy tenant_read on tenant
  for select
  using (true);

-- Facts about the installation, without personal data. Keys are sealed.
grant select, insert, update on signing_key to ringwall_app;
grant select on seaql_migrations to ringwall_app;

alter table tenant_key enable row level security;
alter table tenant_key force row level security;
grant select, insert on tenant_key to ringwall_app;
create policy tenant_key_wall on tenant_key
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table tenant_counter enable row level security;
alter table tenant_counter force row level security;
grant select, insert, update on tenant_counter to ringwall_app;
create policy tenant_counter_wall on tenant_counter
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table client_company enable row level security;
alter table client_company force row level security;
grant select, insert, update on client_company to ringwall_app;
create policy client_company_wall on client_company
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table job enable row level security;
alter table job force row level security;
grant select, insert, update, delete on job to ringwall_app;
create policy job_wall on job
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table candidate enable row level security;
alter table candidate force row level security;
grant select, insert, update on candidate to ringwall_app;
create policy candidate_wall on candidate
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table change_log enable row level security;
alter table change_log force row level security;
grant select, insert on change_log to ringwall_app;
create policy change_log_wall on change_log
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table outbox enable row level security;
alter table outbox force row level security;
grant select, insert, update on outbox to ringwall_app;
create policy outbox_wall on outbox
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

alter table idempotency enable row level security;
alter table idempotency force row level security;
grant select, insert, delete on idempotency to ringwall_app;
create policy idempotency_wall on idempotency
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

-- A client proves itself before its tenant is known: until then it sees its own registration only.
alter table partner enable row level security;
alter table partner force row level security;
grant select, insert, update on partner to ringwall_app;
create policy partner_wall on partner
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy partner_self on partner
  for select
  using (client_id = nullif(current_setting('app.client', true), ''));

-- A client proves itself before its tenant is known: until then it sees its own registration only.
alter table partner_secret enable row level security;
alter table partner_secret force row level security;
grant select, insert, update on partner_secret to ringwall_app;
create policy partner_secret_wall on partner_secret
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy partner_secret_self on partner_secret
  for select
  using (client_id = nullif(current_setting('app.client', true), ''));

-- Everybody may read what is public; only its tenant may change it.
alter table public_job enable row level security;
alter table public_job force row level security;
grant select, insert, update, delete on public_job to ringwall_app;
create policy public_job_wall on public_job
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
create policy public_job_read on public_job
  for select
  using (true);

-- The audit trail takes entries from everybody, also about attempts of no tenant, and gives none
-- back but the tenant's own. Nobody may change or remove an entry.
alter table audit_entry enable row level security;
alter table audit_entry force row level security;
grant select, insert on audit_entry to ringwall_app;
create policy audit_entry_take on audit_entry
  for insert
  with check (true);
create policy audit_entry_wall on audit_entry
  for select
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
