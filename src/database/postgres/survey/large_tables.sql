-- Tables that are worth a stream of their own, the largest first: ordinary ones with a name that any encoding
-- writes the same. What an extension has of them is for `pg_dump`, which knows which rows are the user's.
select json_build_array('table', names.table_name, names.columns) from pg_class as class
join pg_namespace as schema on schema.oid = class.relnamespace
cross join lateral (
  select format('%I.%I', schema.nspname, class.relname) as table_name,
    string_agg(quote_ident(attname), ', ' order by attnum) as columns
  from pg_attribute as attribute
  where attrelid = class.oid and attnum > 0 and not attisdropped
    and coalesce(to_jsonb(attribute) ->> 'attgenerated', '') = '') as names
where class.relkind = 'r' and class.relpersistence = 'p' and class.oid >= 16384
  and schema.nspname not in ('pg_catalog', 'information_schema')
  and names.columns is not null and (names.table_name || names.columns) !~ '[^ -~]'
  and pg_table_size(class.oid) >= 1048576
  and not exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e')
order by pg_table_size(class.oid) desc, class.oid
limit 200;
