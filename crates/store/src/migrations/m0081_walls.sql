-- Proposals are decided, and never removed: who asked and who agreed stays known.
alter table staff_proposal enable row level security;
alter table staff_proposal force row level security;
grant select, insert, update on staff_proposal to ringwall_app;
create policy staff_proposal_wall on staff_proposal
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
