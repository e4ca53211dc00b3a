//! Variables that stand for a name and for something else.

use super::*;

#[test]
fn a_variable_that_is_a_host_and_more_is_left_and_the_host_gets_the_suffix() {
    let text = "\
services:
  database:
    image: r/${DB}:1
    container_name: shop-db
    environment: {POSTGRES_DB: '${DB}', POSTGRES_USER: '${DB}'}
  web:
    image: x
    environment: {DB_HOST: '${DB}', B_URL: 'pg://${DB}:p@${DB}/${DB}', C_URL: '${URL}'}
";
    let (fixed, after, left) = fixed(text, &rule());
    let expect = text
        .replace("name: shop-db", "name: shop-db-b")
        .replace("HOST: '${DB}", "HOST: '${DB}-b")
        .replace("@${DB}/", "@${DB}-b/");
    assert_eq!(after, expect);
    let changes: Vec<_> = fixed.variables.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(changes, ["URL"]);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_env_file_s_value_that_is_made_of_a_host_keeps_it() {
    let text = shop("    env_file: web.env\n    environment: {DB_HOST: '${DB}'}\n");
    let env = EnvFile::parse(Path::new("/b/web.env"), b"POSTGRES_DB=${DB}\n").unwrap();
    let fixed = fixed_with(&text, &rule(), &[env], &[]);
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    assert!(after.contains("DB_HOST: '${DB}-b'"), "{after}");
    assert!(fixed.variables.is_empty());
}

#[test]
fn a_variable_that_is_the_container_s_port_too_is_written_out_for_the_host_s() {
    for (ports, expect) in [
        ("${PORT}:${PORT}", "8180:${PORT}"),
        ("$PORT:${PORT}", "8180:${PORT}"),
        ("127.0.0.1:${PORT:-1}:${PORT}", "127.0.0.1:8180:${PORT}"),
    ] {
        let text = |ports: &str| format!("services: {{web: {{image: x, ports: ['{ports}']}}}}");
        let (fixed, after, _) = fixed(&text(ports), &rule());
        assert_eq!(after, text(expect));
        assert!(fixed.variables.is_empty() && fixed.refusals.is_empty());
    }
}
