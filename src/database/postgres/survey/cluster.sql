-- What belongs to the whole cluster, asked in any database of it. Each row is a JSON array:
-- kind, name, value.
with privileges(kind, name, owner, acl) as (
  select 'database', datname, datdba, coalesce(datacl, acldefault('d', datdba)) from pg_database
  where datname <> 'template0'
)
select json_build_array('privileges', kind || ' ' || quote_ident(name), (
  select string_agg(concat(case when grantee = owner then 'owner' when grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end,
    '=', privilege_type, case when is_grantable then '*' end), ' '
    order by grantee <> owner, grantee <> 0, pg_get_userbyid(grantee) collate "C", privilege_type)
  from aclexplode(acl)))
from privileges;

select json_build_array('role', quote_ident(rolname), concat_ws(' ',
  case when rolsuper then 'superuser' end, case when rolinherit then 'inherit' end,
  case when rolcreaterole then 'createrole' end, case when rolcreatedb then 'createdb' end,
  case when rolcanlogin then 'login' end, case when rolreplication then 'replication' end,
  case when rolbypassrls then 'bypassrls' end, 'limit ' || rolconnlimit,
  'until ' || rolvaliduntil))
from pg_authid where rolname !~ '^pg_';

-- Never shown; only whether it is the same.
select json_build_array('password', quote_ident(rolname), rolpassword)
from pg_authid where rolname !~ '^pg_' and rolpassword is not null;

select json_build_array('member', quote_ident(m.rolname) || ' of ' || quote_ident(g.rolname),
  case when bool_or(a.admin_option) then 'with admin option' else '' end)
from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
where m.rolname !~ '^pg_' group by m.rolname, g.rolname;

select json_build_array('setting', concat_ws(' ',
  case when setdatabase <> 0 then 'database ' || coalesce(quote_ident(d.datname), setdatabase::text) end,
  case when setrole <> 0 then 'role ' || quote_ident(pg_get_userbyid(setrole)) end,
  split_part(one, '=', 1)), substr(one, strpos(one, '=') + 1))
from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase, unnest(setconfig) one;

select json_build_array('database', quote_ident(d.datname), concat_ws(' ',
  'encoding ' || pg_encoding_to_char(d.encoding), 'collate ' || d.datcollate, 'ctype ' || d.datctype,
  'provider ' || coalesce(nullif(j ->> 'datlocprovider', 'd'), 'c'),
  'locale ' || coalesce(j ->> 'datlocale', j ->> 'daticulocale'), 'rules ' || (j ->> 'daticurules'),
  'limit ' || d.datconnlimit, case when not d.datallowconn then 'no connections' end,
  case when d.datistemplate then 'template' end))
from pg_database d, to_jsonb(d) j where datname <> 'template0';

select json_build_array('owner', 'database ' || quote_ident(datname), quote_ident(pg_get_userbyid(datdba)))
from pg_database where datname <> 'template0';

select json_build_array('comment', 'database ' || quote_ident(datname), description)
from pg_shdescription s join pg_database d on d.oid = s.objoid
where s.classoid = 'pg_database'::regclass and datname not in ('postgres', 'template0', 'template1')
union all
select json_build_array('comment', 'role ' || quote_ident(rolname), description)
from pg_shdescription s join pg_roles r on r.oid = s.objoid where s.classoid = 'pg_authid'::regclass
union all
select json_build_array('tablespace', quote_ident(spcname), pg_tablespace_location(oid))
from pg_tablespace where spcname !~ '^pg_';

-- What a dump leaves behind: files and the command line.
select json_build_array('configuration', name, setting)
from pg_settings
where source in ('configuration file', 'command line', 'environment variable')
  and name not in ('config_file', 'data_directory', 'hba_file', 'ident_file', 'external_pid_file', 'log_timezone');
