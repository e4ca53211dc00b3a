-- What belongs to one database but for rows and values of sequences. Each row is a JSON array:
-- kind, name, value. Objects that an extension brings are the extension's.
with own_class as (
  select c.*, case c.relkind when 'S' then 's' else 'r' end as acltype
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), own_function as (
  select p.* from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
), own_type as (
  select t.* from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and t.typtype in ('e', 'd', 'r', 'c')
    and (t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
    and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
), owned(what, owner, acl) as (
  select concat(case relkind when 'S' then 'sequence ' else 'table ' end, oid::regclass), relowner, coalesce(relacl, acldefault(acltype::"char", relowner)) from own_class
  union all select 'function ' || oid::regprocedure, proowner, coalesce(proacl, acldefault('f', proowner)) from own_function
  union all select 'type ' || oid::regtype, typowner, coalesce(typacl, acldefault('T', typowner)) from own_type
  union all select 'schema ' || quote_ident(nspname), nspowner, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  union all select 'language ' || quote_ident(lanname), lanowner, coalesce(lanacl, acldefault('l', lanowner)) from pg_language where lanispl
  union all select 'server ' || quote_ident(srvname), srvowner, coalesce(srvacl, acldefault('S', srvowner)) from pg_foreign_server
  union all select 'wrapper ' || quote_ident(fdwname), fdwowner, coalesce(fdwacl, acldefault('F', fdwowner)) from pg_foreign_data_wrapper
  union all select concat('column ', attrelid::regclass, '.', quote_ident(attname)), relowner, attacl
    from own_class c join pg_attribute a on a.attrelid = c.oid where attnum > 0 and not attisdropped and attacl is not null
  union all select concat('default of ', pg_get_userbyid(defaclrole), ' in ', case when defaclnamespace = 0 then 'all schemas' else defaclnamespace::regnamespace::text end, ' for ', defaclobjtype), defaclrole, defaclacl
    from pg_default_acl
), granted as (
  select what, owner, (aclexplode(acl)).* from owned
), wording as (
  select what, privilege_type, concat(case when grantee = owner then 'owner' when grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end,
    '=', privilege_type, case when is_grantable then '*' end) as one
  from granted
)
select json_build_array('owner', what, quote_ident(pg_get_userbyid(owner))) from owned where what !~ '^(column|default of) '
union all
select json_build_array('privileges', what, (select string_agg(distinct one collate "C", ' ' order by one collate "C") from wording w where w.what = o.what and privilege_type <> 'MAINTAIN'))
from owned o
union all
-- A privilege that only 17 and later have.
select json_build_array('maintain', what, string_agg(distinct one collate "C", ' ' order by one collate "C")) from wording where privilege_type = 'MAINTAIN' group by what
union all
select json_build_array('table', c.oid::regclass, concat_ws(' ', 'kind ' || relkind::text, 'persistence ' || relpersistence::text,
  case when relrowsecurity then 'row security' end, case when relforcerowsecurity then 'forced' end,
  case when not relispopulated then 'not populated' end, 'identity ' || relreplident::text,
  'options ' || (select string_agg(x, ',' order by x collate "C") from unnest(reloptions) x),
  'partitioned by ' || pg_get_partkeydef(c.oid), 'bound ' || pg_get_expr(relpartbound, c.oid),
  'inherits ' || (select string_agg(inhparent::regclass::text, ',' order by inhseqno) from pg_inherits where inhrelid = c.oid),
  'of ' || nullif(reloftype, 0)::regtype, 'method ' || (select amname from pg_am where oid = relam),
  'server ' || (select concat(srvname, ' ', f.ftoptions) from pg_foreign_table f join pg_foreign_server s on s.oid = ftserver where ftrelid = c.oid)))
from own_class c where relkind <> 'S'
union all
select json_build_array('column', concat(attrelid::regclass, '.', quote_ident(attname)), concat_ws(' ',
  row_number() over (partition by attrelid order by attnum), format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
  'generated ' || nullif(attgenerated, '')::text, 'identity ' || nullif(attidentity, '')::text,
  case when attcollation <> t.typcollation then 'collate ' || attcollation::regcollation end,
  'default ' || pg_get_expr(adbin, adrelid), 'storage ' || attstorage::text, 'statistics ' || nullif(attstattarget, -1),
  'compression ' || nullif(to_jsonb(a) ->> 'attcompression', ''), -- 17.12 and its like stamp each column by themselves.
  'options ' || (select string_agg(x, ',' order by x collate "C") from unnest(attoptions) x where x not like 'pg_attver=%'), 'foreign ' || attfdwoptions::text))
from (select oid, relkind from own_class union all select typrelid, 'c' from own_type where typrelid <> 0) c
join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid left join pg_attrdef d on adrelid = attrelid and adnum = attnum
where attnum > 0 and not attisdropped and relkind <> 'S'
union all
select json_build_array('view', oid::regclass, pg_get_viewdef(oid)) from own_class where relkind in ('v', 'm')
union all
select json_build_array('index', indexrelid::regclass, concat_ws(' ', pg_get_indexdef(indexrelid), case when not indisvalid then 'invalid' end,
  case when not indisready then 'not ready' end, case when indisclustered then 'clustered' end, case when indisreplident then 'identity' end,
  'statistics ' || (select string_agg(attnum || ':' || attstattarget, ',' order by attnum) from pg_attribute where attrelid = indexrelid and attstattarget >= 0)))
from pg_index i join own_class c on c.oid = i.indrelid
union all
-- 18 has a constraint for each column that is not null, which the column says.
select json_build_array('constraint', concat(coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), '.', quote_ident(conname)),
  concat_ws(' ', pg_get_constraintdef(k.oid), case when not convalidated then 'not validated' end))
from pg_constraint k where contype <> 'n' and (conrelid in (select oid from own_class) or contypid in (select oid from own_type))
union all
select json_build_array('trigger', concat(tgrelid::regclass, '.', quote_ident(tgname)), concat(tgenabled, ' ', pg_get_triggerdef(oid)))
from pg_trigger where not tgisinternal
union all
select json_build_array('rule', concat(ev_class::regclass, '.', quote_ident(rulename)), concat(ev_enabled, ' ', pg_get_ruledef(r.oid)))
from pg_rewrite r join own_class c on c.oid = ev_class where rulename <> '_RETURN'
union all
select json_build_array('policy', concat(polrelid::regclass, '.', quote_ident(polname)), concat_ws(' ', polcmd, case when polpermissive then 'permissive' end,
  'to ' || (select string_agg(case when r = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(r)) end, ',' order by pg_get_userbyid(r) collate "C") from unnest(polroles) r),
  'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid)))
from pg_policy
union all
select json_build_array('function', oid::regprocedure, case when prokind = 'a'
  then concat_ws(' ', (select to_jsonb(a) - 'aggfnoid' - 'aggsortop' - 'aggtranstype' - 'aggmtranstype' from pg_aggregate a where aggfnoid = f.oid), prorettype::regtype)
  else pg_get_functiondef(oid) end)
from own_function f
union all
select json_build_array('type', oid::regtype, concat_ws(' ', typtype,
  (select string_agg(quote_literal(enumlabel), ',' order by enumsortorder) from pg_enum where enumtypid = t.oid),
  'base ' || nullif(format_type(nullif(typbasetype, 0), typtypmod), '???'), case when typnotnull then 'not null' end, 'default ' || typdefault,
  'collate ' || nullif(typcollation, 0)::regcollation, 'range of ' || (select rngsubtype::regtype from pg_range where rngtypid = t.oid)))
from own_type t
union all
select json_build_array('extension', quote_ident(extname), concat_ws(' ', extversion, 'in ' || extnamespace::regnamespace)) from pg_extension
union all
select json_build_array('default version', quote_ident(e.extname), default_version) from pg_extension e join pg_available_extensions a on a.name = e.extname
union all
select json_build_array('sequence', c.oid::regclass, concat_ws(' ', seqtypid::regtype, 'start', seqstart, 'increment', seqincrement, 'from', seqmin, 'to', seqmax,
  'cache', seqcache, case when seqcycle then 'cycle' end, 'persistence ' || relpersistence::text,
  'owned by ' || (select concat(d.refobjid::regclass, '.', a.attname) from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0 limit 1)))
from own_class c join pg_sequence s on s.seqrelid = c.oid
union all
select json_build_array('collation', c.oid::regcollation, concat_ws(' ', collprovider, pg_encoding_to_char(collencoding), case when not collisdeterministic then 'nondeterministic' end,
  coalesce(j ->> 'colllocale', j ->> 'colliculocale', case when collprovider = 'i' then j ->> 'collcollate' end), case when collprovider = 'c' then concat(j ->> 'collcollate', ' ', j ->> 'collctype') end, j ->> 'collicurules'))
from pg_collation c, to_jsonb(c) j where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_collation'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select json_build_array('cast', concat(castsource::regtype, ' to ', casttarget::regtype), concat_ws(' ', castcontext, castmethod, nullif(castfunc, 0)::regprocedure))
from pg_cast c where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select json_build_array('operator', o.oid::regoperator, concat_ws(' ', quote_ident(pg_get_userbyid(oprowner)), oprcode, 'commutator ' || nullif(oprcom, 0)::regoperator, 'negator ' || nullif(oprnegate, 0)::regoperator, oprcanmerge, oprcanhash))
from pg_operator o where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
union all
select json_build_array('operator class', (pg_identify_object('pg_opclass'::regclass, c.oid, 0)).identity, concat_ws(' ', opcintype::regtype, opcdefault))
from pg_opclass c where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_opclass'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select json_build_array('text search', concat('configuration ', c.oid::regconfig), (select string_agg(concat(maptokentype, ':', mapdict::regdictionary), ',' order by maptokentype, mapseqno) from pg_ts_config_map where mapcfg = c.oid))
from pg_ts_config c where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_ts_config'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select json_build_array('text search', concat('dictionary ', c.oid::regdictionary), dictinitoption)
from pg_ts_dict c where oid >= 16384 and not exists (select from pg_depend d where d.classid = 'pg_ts_dict'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select json_build_array('event trigger', quote_ident(evtname), concat_ws(' ', evtevent, evtenabled, evtfoid::regprocedure, evttags::text, quote_ident(pg_get_userbyid(evtowner)))) from pg_event_trigger
union all
select json_build_array('publication', quote_ident(pubname), concat_ws(' ', quote_ident(pg_get_userbyid(pubowner)), case when puballtables then 'all tables' end, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
  (select string_agg(prrelid::regclass::text, ',' order by prrelid::regclass::text collate "C") from pg_publication_rel where prpubid = p.oid)))
from pg_publication p
union all
select json_build_array('subscription', quote_ident(subname), concat_ws(' ', quote_ident(pg_get_userbyid(subowner)), subenabled, subslotname, subsynccommit, subpublications::text))
from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
union all
select json_build_array('statistics', concat(stxnamespace::regnamespace, '.', quote_ident(stxname)), concat(quote_ident(pg_get_userbyid(stxowner)), ' ', pg_get_statisticsobjdef(oid))) from pg_statistic_ext
union all
select json_build_array('wrapper', quote_ident(fdwname), concat_ws(' ', nullif(fdwhandler, 0)::regproc, fdwoptions::text)) from pg_foreign_data_wrapper
union all
select json_build_array('server', quote_ident(srvname), concat_ws(' ', srvtype, srvversion, (select fdwname from pg_foreign_data_wrapper w where w.oid = srvfdw), (select string_agg(x, ',' order by x collate "C") from unnest(srvoptions) x))) from pg_foreign_server
union all
select json_build_array('user mapping', concat(case when umuser = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(umuser)) end, ' on ', (select quote_ident(srvname) from pg_foreign_server s where s.oid = umserver)), (select string_agg(x, ',' order by x collate "C") from unnest(umoptions) x))
from pg_user_mapping
union all
select json_build_array('comment', concat_ws(' ', i.type, i.identity), string_agg(description, chr(10)))
from pg_description d, pg_identify_object(classoid, objoid, objsubid) i
where (objoid >= 16384 or objoid = 2200 and description <> 'standard public schema') and i.type not like 'large object%'
  and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e') and classoid <> 'pg_extension'::regclass
group by i.type, i.identity
union all
select json_build_array('security label', concat_ws(' ', provider, i.type, i.identity), label)
from pg_seclabel, pg_identify_object(classoid, objoid, objsubid) i where i.type not like 'large object%';

-- A large object's comment, owner and privileges are counted with its bytes.
select json_build_array('large objects', '', concat_ws(' ', count(*), coalesce(sum(hashtextextended(concat(oid, ':', pg_get_userbyid(lomowner), ':', lomacl::text, ':', obj_description(oid, 'pg_largeobject'), ':', md5(lo_get(oid))), 0)::numeric), 0)))
from pg_largeobject_metadata;
