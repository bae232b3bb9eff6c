-- Keys that no token needs any more go, and what revokes a key belongs to no tenant: both are done
-- by a setting of its own which requests never have.
grant delete on signing_key to ringwall_app;
create policy revocation_of_all on revocation
  for insert
  with check (current_setting('app.runner', true) = 'on' and tenant_id is null);
