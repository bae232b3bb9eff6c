-- Keyed hashes without an owner: nothing can be learnt from one but that somebody called.
grant select, insert, update, delete on quota_use to ringwall_app;
