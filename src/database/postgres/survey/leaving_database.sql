-- What a database has that another server must be able to make.
select json_build_array('extension', extname, extversion) from pg_extension order by extname;

select json_build_array('locale', name, '') from (
  select collcollate from pg_collation where collprovider = 'c' and oid >= 16384 union
  select collctype from pg_collation where collprovider = 'c' and oid >= 16384) as names(name)
where name is not null;

select json_build_array('table', '', count(*)::text) from pg_class where relkind = 'r' and oid >= 16384;
