-- What a server has that stands against moving all of it, and what a move has to know. Each row is a JSON
-- array: kind, name, value. It works from 11 on.
select json_build_array('client', coalesce(nullif(application_name, ''), 'without a name'), datname)
from pg_stat_activity
where backend_type = 'client backend' and application_name <> 'transship' and pid <> pg_backend_pid();

select json_build_array('prepared', gid, database) from pg_prepared_xacts;

select json_build_array('slot', slot_name, slot_type) from pg_replication_slots where not temporary;

select json_build_array('subscription', subname, '') from pg_subscription;

select json_build_array(case when datallowconn and datconnlimit <> -2 then 'database' else 'closed' end, datname,
  pg_database_size(oid)::text)
from pg_database where datname <> 'template0' order by pg_database_size(oid) desc, datname;

select json_build_array('bootstrap', rolname, '') from pg_authid where oid = 10;

select json_build_array('md5', rolname, '') from pg_authid where rolpassword like 'md5%' order by rolname;

select json_build_array('tablespace', spcname, '') from pg_tablespace where spcname !~ '^pg_';

select json_build_array('locale', locale, '') from (
  select datcollate from pg_database where datname <> 'template0' union
  select datctype from pg_database where datname <> 'template0') as names(locale);
