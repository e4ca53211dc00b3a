-- So that two servers write the same value in the same way, whatever they or a database are set to.
set TimeZone = 'UTC';
set DateStyle = 'ISO, YMD';
set IntervalStyle = 'postgres';
set bytea_output = 'hex';
set extra_float_digits = 1;
set lc_monetary = 'C';
set xmloption = 'content';
set xmlbinary = 'base64';
set quote_all_identifiers = off;
set standard_conforming_strings = on;
set search_path = pg_catalog;
set row_security = off;
set statement_timeout = 0;
set lock_timeout = '60s';
set idle_in_transaction_session_timeout = 0;
set jit = off;
