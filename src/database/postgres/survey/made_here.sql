-- What somebody made in a database: 16384 is the first id that initdb itself doesn't give away
-- (FirstNormalObjectId in access/transam.h). What an extension brings with it goes with the database.
select json_build_array('made', kind, name) from (
  select 'relation', oid::regclass::text from pg_class where oid >= 16384 union all
  select 'function', oid::regprocedure::text from pg_proc where oid >= 16384 union all
  select 'type', oid::regtype::text from pg_type where oid >= 16384 union all
  select 'schema', nspname from pg_namespace where oid >= 16384 union all
  select 'large object', oid::text from pg_largeobject_metadata) as made(kind, name)
order by kind, name limit 1;
