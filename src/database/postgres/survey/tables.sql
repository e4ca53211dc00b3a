-- What has rows or a value: each row is a JSON array of its kind, its name, and how it is read. A
-- partition by hash may hold other rows elsewhere, so such a table is read as a whole.
select json_build_array('rows', c.oid::regclass, format(case when c.relkind = 'p' then '%s' else 'only %s' end, c.oid::regclass))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (c.relkind = 'r' or c.relkind = 'm' and c.relispopulated
    or c.relkind = 'p' and exists (select from pg_partitioned_table where partrelid = c.oid and partstrat = 'h'))
  and not exists (
    select from pg_partition_ancestors(c.oid) a join pg_partitioned_table p on p.partrelid = a.relid
    where p.partstrat = 'h' and a.relid <> c.oid)
order by pg_table_size(c.oid) desc;
select json_build_array('value', c.oid::regclass, c.oid::regclass)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind = 'S';
