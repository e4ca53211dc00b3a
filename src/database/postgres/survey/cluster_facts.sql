-- How a data folder was made, which another of the same has to be like, and what its files of settings say. Each
-- row is a JSON array: kind, name, value. What `initdb` is told is that of `template0`, which nobody changes.
select json_build_array('made', what, value) from pg_database d, to_jsonb(d) j, lateral (values
  ('encoding', pg_encoding_to_char(d.encoding)), ('collate', d.datcollate), ('ctype', d.datctype),
  ('provider', coalesce(nullif(j ->> 'datlocprovider', 'd'), 'c')),
  ('locale', coalesce(j ->> 'datlocale', j ->> 'daticulocale')), ('rules', j ->> 'daticurules')) as made(what, value)
where d.datname = 'template0' and value is not null;

select json_build_array('made', name, setting) from pg_settings where name in ('data_checksums', 'wal_segment_size');

select json_build_array('made', 'role', rolname) from pg_authid where oid = 10;

select json_build_array('tablespace', spcname, pg_tablespace_location(oid)) from pg_tablespace where spcname !~ '^pg_';

select json_build_array('slot', slot_name, slot_type) from pg_replication_slots where not temporary;

-- In the order in which they are read: the last one counts.
select json_build_array('setting', name, setting) from pg_file_settings where setting is not null
order by seqno;
