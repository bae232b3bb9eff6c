-- A reference belongs to who gave it: two partners may use the same one.
create unique index employment_external_ref on employment (tenant_id, created_by, external_ref);

-- Whoever is active is active today, so two of them overlap: one a worker and client, unless they
-- were written down as concurrent.
create unique index employment_concurrent on employment (tenant_id, candidate_id, client_id)
  where status in ('active', 'on_leave') and not concurrent_ok;

create index employment_list on employment (tenant_id, id);
create index employment_by_candidate on employment (tenant_id, candidate_id);
create index employment_by_client on employment (tenant_id, client_id);
create index employment_by_personal_email on employment (tenant_id, personal_email_index);
create index employment_by_work_email on employment (tenant_id, work_email_index);
create index employment_by_phone on employment (tenant_id, phone_index);
-- What a day brings: beginnings, ends and changes of terms.
create index employment_due on employment (tenant_id, due_on);
