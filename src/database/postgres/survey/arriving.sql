-- What a server can make, and what of it isn't as its image made it.
select json_build_array('bootstrap', rolname, '') from pg_authid where oid = 10;

select json_build_array('database', datname, '') from pg_database
where datname <> 'template0' and datallowconn order by datname;

select json_build_array('role', rolname, '') from pg_authid where oid >= 16384 order by rolname;

select json_build_array('extension', name, '') from pg_available_extensions;
