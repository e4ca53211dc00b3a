//! `transship db collation` on a server whose C library sorts otherwise since its indexes were made.

use std::path::Path;

use super::document;
use super::need;
use super::program::{Ran, transship};
use super::server::Postgres;

/// Two tables in the order of two locales of the C library; `C.UTF-8` has no version that is recorded.
const TABLES: &str = "
create database app template template0 lc_collate 'sv_SE.UTF-8' lc_ctype 'sv_SE.UTF-8';
\\c app
create collation german (provider = libc, locale = 'de_DE.UTF-8');
create table names (id int primary key, name text, latin text collate german, bytes text collate \"C\");
insert into names select g, n, n, n from (
  select g, chr(case g % 4 when 0 then 228 when 1 then 97 when 2 then 122 else 246 end) || chr(97 + g % 26) || g as n
  from generate_series(1, 2000) g) rows;
create index names_name on names (name);
create index names_latin on names (latin);
create index names_bytes on names (bytes);
create index names_sum on names using brin (name);
create table parts (name text) partition by range (name);
";

fn collation(server: &Postgres, options: &[&str]) -> Ran {
    let args = ["db", "collation", &server.name];
    transship(Path::new("/"), args.iter().chain(options).copied())
}

/// Rows that a search by the index doesn't find.
fn missed(server: &Postgres) -> u32 {
    // A search each, as an application does it.
    let each = "do $$ declare n text; missed int := 0; begin
        set local enable_seqscan = off; set local enable_bitmapscan = off;
        for n in select name from names order by id loop
          if not exists (select from names where name = n) then missed := missed + 1; end if;
        end loop; create temp table found as select missed; end $$; select missed from found";
    server.sql("app", each).parse().unwrap()
}

#[test]
fn indexes_that_another_c_library_sorted_are_found_and_mended() {
    if !need::docker() || !need::images(&["postgres:15"]) {
        return;
    }
    let server = Postgres::start("collation", "postgres:15", &[]).ready();
    server.sql("postgres", TABLES);
    collation(&server, &[])
        .exits(0)
        .prints("right: ")
        .prints("note: public.parts in database `app` is parted by ranges");
    assert_eq!(missed(&server), 0);

    // Swedish has ä and ö behind z. As if another glibc sorted otherwise: its rules become German's.
    server.shell("localedef -i de_DE -f UTF-8 sv_SE.UTF-8");
    server.restart();
    assert!(missed(&server) > 100, "{} are missed", missed(&server));
    // No version tells of it, as of `C.UTF-8`.
    collation(&server, &[]).exits(0);
    let found = collation(&server, &["--all", "--json"]).exits(1);
    let found = document::check("db collation", &found);
    let indexes = &found["databases"].as_array().unwrap()[0];
    assert_eq!(indexes["name"], "app");
    let order = |name: &str| {
        indexes["indexes"][name]["order"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    assert_eq!(order("public.names_name"), "wrong", "{found}");
    assert_eq!(order("public.names_latin"), "right", "{found}");
    // What `amcheck` doesn't know, and nothing tells.
    assert_eq!(order("public.names_sum"), "unknown", "{found}");
    assert_eq!(order("public.names_bytes"), "none", "{found}");
    // Looking has kept nothing.
    let extensions = "select count(*) from pg_extension where extname = 'amcheck'";
    assert_eq!(server.sql("app", extensions), "0");

    // And where the versions tell, as they do between two images.
    server.sql(
        "app",
        "update pg_database set datcollversion = '2.31'; update pg_collation set collversion = '2.31' where collname = 'german'",
    );
    collation(&server, &[])
        .exits(1)
        .prints("changed: index public.names_latin of public.names in database `app`")
        .prints("wrong: index public.names_name")
        .prints("REINDEX INDEX public.names_name;")
        .prints("ALTER COLLATION public.german REFRESH VERSION;")
        .prints("ALTER DATABASE \"app\" REFRESH COLLATION VERSION;");
    collation(&server, &["--mend"]).exits(0).prints("mended: ");
    collation(&server, &["--all"])
        .exits(1)
        .prints("unknown: index public.names_sum");
    collation(&server, &["--all", "--mend"]).exits(0);
    collation(&server, &[]).exits(0).prints("right: ");
    assert_eq!(missed(&server), 0);
    let versions = "select count(*) from pg_database where datcollversion = '2.31'";
    assert_eq!(server.sql("app", versions), "0");
    let again = collation(&server, &["--mend"]).exits(0);
    assert!(!again.out.contains("mended"), "{}", again.out);
}
