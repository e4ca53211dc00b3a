-- What of a database is in an order that isn't its own: by whom it was sorted, as it was recorded and as
-- it is now. The values are JSON.
select current_setting('server_version_num')::int >= 150000 as records \gset
\if :records
select pg_database_collation_actual_version(oid) as actual, datcollversion as recorded, datlocprovider as provider
  from pg_database where datname = current_database() \gset
\else
select coalesce((select pg_collation_actual_version(c.oid) from pg_collation c
    where c.collcollate = d.datcollate and c.collprovider = 'c' limit 1), '') as actual,
  '' as recorded, 'c' as provider
  from pg_database d where datname = current_database() \gset
\endif
select json_build_array('database', current_database(), json_build_object(
    'provider', :'provider', 'locale', datcollate, 'recorded', nullif(:'recorded', ''), 'actual', nullif(:'actual', ''))::text)
  from pg_database where datname = current_database();

select json_build_array('collation', c.oid::regcollation::text, json_build_object(
    'provider', collprovider, 'locale', coalesce(collcollate, ''), 'recorded', collversion,
    'actual', pg_collation_actual_version(c.oid))::text)
  from pg_collation c
  where collprovider in ('c', 'i') and collversion <> pg_collation_actual_version(c.oid)
    and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()));

-- A row for every index and every collation of its keys that isn't the order of bytes.
select json_build_array('index', i.indexrelid::regclass::text, json_build_object(
    'table', i.indrelid::regclass::text, 'method', am.amname, 'collation', k.oid::regcollation::text,
    'provider', case when k.oid = 100 then :'provider' else k.collprovider end,
    'locale', case when k.oid = 100 then d.datcollate else coalesce(k.collcollate, '') end,
    'recorded', case when k.oid = 100 then nullif(:'recorded', '') else k.collversion end,
    'actual', case when k.oid = 100 then nullif(:'actual', '') else pg_collation_actual_version(k.oid) end)::text)
  from pg_index i
  join pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
  join pg_am am on am.oid = c.relam
  join pg_database d on d.datname = current_database()
  cross join lateral (select distinct u.oid from unnest(i.indcollation::oid[]) u(oid)) used
  join pg_collation k on k.oid = used.oid
  where case when k.oid = 100 then d.datcollate else coalesce(k.collcollate, '') end not in ('C', 'POSIX')
    and case when k.oid = 100 then :'provider' else k.collprovider end in ('c', 'i');

select json_build_array('partitions', p.partrelid::regclass::text, null)
  from pg_partitioned_table p
  where p.partstrat = 'r' and exists (select from unnest(p.partcollation::oid[]) u(oid) where u.oid not in (0, 950, 951));
