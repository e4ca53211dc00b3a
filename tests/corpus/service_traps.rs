//! The table of traps for ports and bind mounts: the items of a service's lists.

use std::path::{Path, PathBuf};

use transship::compose::{Document, Edited, Error, offset_ports, rebase_binds_in, shared_data};

use super::traps::Outcome::{Bytes, Refused};
use super::traps::judge;

/// A service with one port, moved by 1000.
fn moved_port(text: &str) -> Result<Edited, Error> {
    let document = Document::parse(Path::new("c.yml"), text.as_bytes())?;
    offset_ports(&document, 1000, &[], &|_| None)
}

fn rebased(text: &str) -> Result<Edited, Error> {
    let document = Document::parse(Path::new("c.yml"), text.as_bytes())?;
    let moves = [(PathBuf::from("/data"), PathBuf::from("/srv"))];
    rebase_binds_in(&[(&document, &|_| None)], &moves).map(|mut edits| edits.remove(0))
}

#[test]
fn ports_are_moved_as_the_table_says() {
    let cases = [
        ("22:22", Bytes("1022:22")),
        ("\"8000-8001:80-81\"", Bytes("\"9000-9001:80-81\"")),
        ("\"[::1]:6:6\"", Bytes("\"[::1]:1006:6\"")),
        ("127.0.0.1:80:80/udp", Bytes("127.0.0.1:1080:80/udp")),
        ("80", Bytes("80")),
        ("'80'", Bytes("'80'")),
        ("127.0.0.1::80", Bytes("127.0.0.1::80")),
        ("{target: 80}", Bytes("{target: 80}")),
        (
            "{target: 80, published: 8080}",
            Bytes("{target: 80, published: 9080}"),
        ),
        (
            "{target: 80, published: \"8080-8081\"}",
            Bytes("{target: 80, published: \"9080-9081\"}"),
        ),
        ("65000:80", Refused("there is no such port")),
    ];
    for (port, expect) in cases {
        let file = |port: &str| format!("services:\n  a:\n    ports:\n      - {port} # c\n");
        let expect = match expect {
            Bytes(port) => Bytes(file(port).leak()),
            refused @ Refused(_) => refused,
        };
        judge(port, moved_port(&file(port)), &expect);
    }
}

#[test]
fn folders_of_the_host_are_listed_and_moved_as_the_table_says() {
    let cases = [
        (
            "/data/postgres:/var/lib/postgresql/data",
            Bytes("/srv/postgres:/var/lib/postgresql/data"),
        ),
        ("'/data/it''s:/x'", Bytes("'/srv/it''s:/x'")),
        ("/data:/x:rw", Bytes("/srv:/x:rw")),
        (
            "{type: bind, source: /data/x, target: /x}",
            Bytes("{type: bind, source: /srv/x, target: /x}"),
        ),
        ("/database:/x", Refused("nothing is mounted from `/data`")),
        ("data:/data", Refused("nothing is mounted from `/data`")),
    ];
    for (mount, expect) in cases {
        let file = |mount: &str| format!("services:\n  a:\n    volumes:\n      - {mount} # c\n");
        let is_shared = !mount.starts_with("data");
        let document = Document::parse(Path::new("c.yml"), file(mount).as_bytes()).unwrap();
        let listed = shared_data(&document, &|_| None);
        assert_eq!(listed.len(), usize::from(is_shared), "{mount}");
        let expect = match expect {
            Bytes(mount) => Bytes(file(mount).leak()),
            refused @ Refused(_) => refused,
        };
        judge(mount, rebased(&file(mount)), &expect);
    }
}
