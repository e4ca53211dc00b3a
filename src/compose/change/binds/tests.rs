use super::*;

fn rebase(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let moves = [(PathBuf::from(from), PathBuf::from(to))];
    let lookup = |name: &str| (name == "SET").then(|| "/data".to_owned());
    let edited = rebase_binds_in(&[(&parse(text), &lookup)], &moves)?.remove(0);
    Ok(String::from_utf8(edited.bytes).unwrap())
}

fn parse(text: &str) -> Document {
    Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap()
}

#[test]
fn bind_mounts_move_with_what_is_below_them() {
    let text = "\
services:
  db:
    volumes:
      - /data/postgres:/var/lib/postgresql/data # c
      - \"/data:/all:ro\"
      - /database:/other
      - data:/named
      - {type: bind, source: /data/x, target: /data}
volumes:
  data: {driver_opts: {type: none, o: bind, device: /data/y}}
";
    let expect = text
        .replace("/data/postgres:", "/srv/v2/postgres:")
        .replace("\"/data:", "\"/srv/v2:")
        .replace("source: /data/x", "source: /srv/v2/x")
        .replace("/data/y", "/srv/v2/y");
    assert_eq!(rebase(text, "/data", "/srv/v2/").unwrap(), expect);
    assert_eq!(rebase(&expect, "/data", "/srv/v2").unwrap(), expect);
    let deeper = rebase(text, "/data", "/data/v2").unwrap();
    assert_eq!(rebase(&deeper, "/data", "/data/v2").unwrap(), deeper);
}

#[test]
fn rebasing_what_is_not_mounted_lists_what_is() {
    let text = "services: {db: {volumes: ['/data/pg:/pg', './x:/x']}}";
    let error = rebase(text, "/srv", "/x").unwrap_err();
    assert_eq!(error.to_string(), "c.yml: nothing is mounted from `/srv`");
    assert_eq!(
        crate::error::Explain::hints(&error),
        ["what is mounted: /data/pg"]
    );
    let error = rebase(text, "data", "/x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`data`: not an absolute path that a mount can name"
    );
}

#[test]
fn data_outside_of_the_release_is_listed_if_it_is_written() {
    let text = "\
services:
  db:
    volumes:
      - /data/postgres:/var/lib/postgresql/data # c
      - /data/seed:/seed:ro,z
      - /var/run/docker.sock:/var/run/docker.sock
      - /etc/localtime:/etc/localtime
      - ./conf:/conf
      - {type: bind, source: /data/x, target: /x}
      - {type: bind, source: /data/y, target: /y, read_only: true}
volumes:
  disk: {driver_opts: {type: none, o: bind, device: /data/z}}
";
    let found = shared_data(&parse(text), &|_| None);
    let found: Vec<_> = found
        .iter()
        .map(|data| (data.owner.as_str(), data.path.as_str(), data.at.line))
        .collect();
    assert_eq!(
        found,
        [
            ("db", "/data/postgres", 4),
            ("db", "/data/x", 9),
            ("disk", "/data/z", 12)
        ]
    );
}

#[test]
fn a_path_in_a_variable_s_default_is_data_and_moves_there() {
    let text = "services: {db: {volumes: ['${D:-/data}/pg:/pg', '/data/x:/x']}}";
    let found = shared_data(&parse(text), &|_| None);
    assert_eq!(found[0].path, "/data/pg");
    assert_eq!(
        rebase(text, "/data", "/srv").unwrap(),
        "services: {db: {volumes: ['${D:-/srv}/pg:/pg', '/srv/x:/x']}}"
    );
    let held = "services: {db: {volumes: ['$SET/pg:/pg']}}";
    let error = rebase(held, "/data", "/srv").unwrap_err();
    assert_eq!(
        error.to_string(),
        "c.yml:1:27: `db` holds a path of the host in the variable `SET`"
    );
}

#[test]
fn a_path_that_compose_would_resolve_is_refused() {
    let text = "services: {db: {volumes: ['/data/pg:/pg']}}";
    assert!(rebase(text, "/data", "/s$rv").is_err());
}
