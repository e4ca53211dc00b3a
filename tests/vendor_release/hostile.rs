//! Archives made to fool whoever unpacks them: each is refused, or is staged as GNU tar and
//! bsdtar both unpack it.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use transship::error::{Explain, Kind};

use super::differential::compare;
use super::need;
use super::raw::{Raw, open_end, pax, raw, record, whole};

/// Whether an archive may be accepted at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Refused,
    RefusedOrRight,
}
use Judgement::{Refused, RefusedOrRight};

struct Case {
    what: String,
    bytes: Vec<u8>,
    judgement: Judgement,
}

fn compose() -> Raw {
    raw(b'0', "docker-compose.yml", b"services: {}\n")
}

fn case(what: impl Into<String>, judgement: Judgement, members: Vec<Raw>) -> Case {
    let members = [vec![compose()], members].concat();
    Case {
        what: what.into(),
        bytes: whole(members),
        judgement,
    }
}

fn file(name: &str) -> Raw {
    raw(b'0', name, b"x")
}

fn link(name: &str, to: &str) -> Raw {
    raw(b'2', name, b"").to(to)
}

/// Names that lead elsewhere, by each way to write a name.
fn names(cases: &mut Vec<Case>) {
    for name in [
        "../x",
        "a/../../x",
        "..",
        "a/..",
        "/x",
        "/etc/x",
        "./../x",
        "a/b/../../../x",
        "//x",
        "../",
    ] {
        for kind in *b"0125" {
            let mut bad = raw(kind, name, b"");
            if kind == b'1' || kind == b'2' {
                bad = bad.to("docker-compose.yml");
            }
            let kind = char::from(kind);
            cases.push(case(format!("{kind} {name}"), Refused, vec![bad]));
        }
        let long = raw(b'L', "././@LongLink", &[name.as_bytes(), b"\0"].concat());
        cases.push(case(format!("L {name}"), Refused, vec![long, file("f")]));
        let path = pax(&[("path", name)]);
        cases.push(case(format!("pax {name}"), Refused, vec![path, file("f")]));
        let global = pax(&[("path", name)]).with(156, b"g");
        cases.push(case(
            format!("global {name}"),
            Refused,
            vec![global, file("f")],
        ));
        let sparse = pax(&[
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", name),
            ("GNU.sparse.realsize", "0"),
        ]);
        let map = raw(b'0', "f", &[&b"0\n"[..], &[0; 510]].concat());
        cases.push(case(format!("sparse {name}"), Refused, vec![sparse, map]));
    }
}

/// Symlinks that lead out, by themselves or through others, and what is written through them.
fn links(cases: &mut Vec<Case>) {
    for to in [
        "/etc",
        "..",
        "../x",
        "a/../../x",
        "./..",
        "a/b/../../..",
        "/",
    ] {
        cases.push(case(format!("link {to}"), Refused, vec![link("l", to)]));
        let long = raw(b'K', "././@LongLink", &[to.as_bytes(), b"\0"].concat());
        cases.push(case(format!("K {to}"), Refused, vec![long, link("l", "x")]));
        let path = pax(&[("linkpath", to)]);
        cases.push(case(
            format!("linkpath {to}"),
            Refused,
            vec![path, link("l", "x")],
        ));
    }
    let chains: [&[(&str, &str)]; 7] = [
        &[("x", "."), ("y", "x/x/x/x/../../../../victim/keep")],
        &[("y", "x/x/../victim"), ("x", ".")],
        &[("a", "b"), ("b", "c"), ("c", "."), ("d", "a/../..")],
        &[("x", "d/.."), ("y", "x/../victim")],
        &[("loop", "loop")],
        &[("a", "b"), ("b", "a")],
        &[("d/x", "."), ("d/y", "x/../../.."), ("e", "d/x")],
    ];
    for chain in chains {
        let members = chain.iter().map(|(name, to)| link(name, to));
        cases.push(case(format!("chain {chain:?}"), Refused, members.collect()));
    }
    for (to, below) in [("docker-compose.yml", "l/x"), (".", "l/x"), ("d", "l/x")] {
        let members = vec![link("l", to), file(below)];
        let turned = members.iter().rev().cloned().collect();
        cases.push(case(format!("through {to}"), Refused, members));
        cases.push(case(format!("through {to}, turned"), Refused, turned));
    }
    for to in ["f", "/etc/passwd", "../f", "l", "nowhere", "d", ""] {
        let members = vec![
            raw(b'5', "d/", b""),
            link("l", "docker-compose.yml"),
            raw(b'1', "h", b"").to(to),
        ];
        cases.push(case(format!("hard link {to}"), Refused, members));
    }
}

/// Records that one program believes and another doesn't.
fn records(cases: &mut Vec<Case>) {
    let bad = [
        "99 path=abc\n",
        "11 path=abc\n",
        "13 path=abc\n",
        "12 path=abc ",
        "12 path abc\n",
        "012 path=ab\n",
        "+12 path=abc\n",
        " 12 path=abc\n",
        "12path=abcd\n",
        "x",
        "\0\0\0\0",
        "12 path=abc\n\0",
        "8 path=\n",
        "11 size=-1\n",
        "12 size=0x1\n",
        "28 size=99999999999999999999\n",
        "12 mtime=ab\n",
        "13 path=a\0cd\n",
        "6 =ab\n",
        "0 path=abc\n",
        "4294967308 path=abc\n",
    ];
    for text in bad {
        let what = format!("record {text:?}");
        cases.push(case(
            what,
            RefusedOrRight,
            vec![raw(b'x', "pax", text.as_bytes()), file("f")],
        ));
    }
    for key in [
        "GNU.sparse.major",
        "GNU.sparse.name",
        "GNU.sparse.realsize",
        "GNU.sparse.size",
        "GNU.sparse.numblocks",
        "GNU.sparse.offset",
        "GNU.sparse.numbytes",
        "GNU.sparse.map",
        "GNU.sparse.unheard",
        "GNU.dumpdir",
        "GNU.volume.label",
        "GNU.volume.offset",
        "GNU.unheard",
    ] {
        for value in ["1", "0", "f", "1,2", "-1"] {
            let members = vec![pax(&[(key, value)]), file("f")];
            cases.push(case(format!("{key}={value}"), RefusedOrRight, members));
        }
    }
    let two = [record("path", "a"), record("path", "b")].concat();
    cases.push(case(
        "path twice",
        Refused,
        vec![raw(b'x', "pax", two.as_bytes()), file("f")],
    ));
    for size in [
        "0",
        "512",
        "13",
        "9223372036854775807",
        "18446744073709551615",
    ] {
        let members = vec![pax(&[("size", size)]), file("f")];
        cases.push(case(format!("size {size}"), RefusedOrRight, members));
    }
    let name = || raw(b'L', "././@LongLink", b"other\0");
    for (what, members) in [
        (
            "two pax headers",
            vec![pax(&[("path", "a")]), pax(&[("path", "b")]), file("f")],
        ),
        ("two long names", vec![name(), name(), file("f")]),
        ("both", vec![name(), pax(&[("path", "b")]), file("f")]),
        (
            "both, turned",
            vec![pax(&[("path", "b")]), name(), file("f")],
        ),
        ("a pax header for nothing", vec![pax(&[("path", "b")])]),
        ("a long name for nothing", vec![name()]),
    ] {
        cases.push(case(what, Refused, members));
    }
}

/// Fields and types that have no one meaning.
fn fields(cases: &mut Vec<Case>) {
    for (at, field) in [(100, "mode"), (124, "size"), (136, "mtime")] {
        for value in [
            &b"\xff\xff\xff\xff\xff\xff\xff\xff"[..],
            b"\x80\0\0\0\xff\xff\xff\xff",
            b"\x90\0\0\0\0\0\0\x01",
            b"-0000001",
            b"00000o1\0",
            b"88888888",
            b"\0\0\0\0\0\0\0\0",
            b"        ",
            b"0x000001",
        ] {
            let what = format!("{field} {}", value.escape_ascii());
            cases.push(case(what, RefusedOrRight, vec![file("f").with(at, value)]));
        }
    }
    for kind in 0..=u8::MAX {
        if !matches!(kind, 0 | b'0' | b'1' | b'2' | b'5' | b'7') {
            let what = format!("type {}", kind.escape_ascii());
            // A header for all that says nothing is harmless.
            let judgement = if kind == b'g' {
                RefusedOrRight
            } else {
                Refused
            };
            cases.push(case(what, judgement, vec![raw(kind, "f", b"")]));
        }
    }
    for (what, member) in [
        ("a folder with content", raw(b'5', "d/", b"abc")),
        (
            "a file named as a folder, with content",
            raw(b'0', "dir/", b"abc"),
        ),
        (
            "an old file named as a folder, with content",
            raw(0, "dir/", b"abc"),
        ),
        (
            "a symlink with content",
            raw(b'2', "l", b"abc").to("docker-compose.yml"),
        ),
        (
            "a hard link with content",
            raw(b'1', "l", b"abc").to("docker-compose.yml"),
        ),
        ("a file without a name", file("")),
        ("a file named .", file(".")),
        ("a symlink named .", link(".", "x")),
        ("the same file again", compose()),
        (
            "the same file, spelled otherwise",
            file("./docker-compose.yml"),
        ),
        (
            "the same file as a folder",
            raw(b'5', "docker-compose.yml", b""),
        ),
        ("something below the file", file("docker-compose.yml/x")),
        (
            "the holes of another type",
            file("f").with(257, b"ustar  \0").with(386, b" "),
        ),
        ("a sparse file of POSIX", raw(b'S', "f", b"x")),
        ("another magic", file("f").with(257, b"ustar\x0001")),
        (
            "no magic that anybody knows",
            file("f").with(257, b"USTAR\x0000"),
        ),
    ] {
        cases.push(case(what, Refused, vec![member]));
    }
    for (what, member) in [
        ("a prefix", file("f").with(345, b"pre")),
        (
            "a prefix that GNU has not",
            file("f").with(257, b"ustar  \0").with(345, b"pre"),
        ),
        ("a prefix that leads out", file("f").with(345, b"..")),
        ("a time before 1970", file("f").with(136, &[0xff; 12])),
        ("an empty folder by its name", raw(b'0', "dir/", b"")),
        ("a contiguous file", raw(b'7', "f", b"x")),
    ] {
        cases.push(case(what, RefusedOrRight, vec![member]));
    }
    for (what, name) in [("deep", "d/".repeat(300)), ("long", "n".repeat(300))] {
        let members = vec![pax(&[("path", &format!("{name}f"))]), file("f")];
        cases.push(case(what, Refused, members));
    }
}

/// Ends that aren't one, and what stands after the end.
fn ends(cases: &mut Vec<Case>) {
    let open = || open_end([compose()]);
    for (what, bytes) in [
        ("no end", open()),
        ("half an end", [open(), vec![0; 512]].concat()),
        (
            "a member after half an end",
            [open(), vec![0; 512], whole([file("f")])].concat(),
        ),
        (
            "a member after the end",
            [open(), vec![0; 1024], whole([file("f")])].concat(),
        ),
        (
            "something after the end",
            [open(), vec![0; 1024], vec![1; 512]].concat(),
        ),
        ("a wrong sum", {
            let mut bytes = whole([compose(), file("f")]);
            bytes[1024 + 149] ^= 1;
            bytes
        }),
        ("cut in a member", open()[..700].to_vec()),
    ] {
        cases.push(Case {
            what: what.to_owned(),
            bytes,
            judgement: Refused,
        });
    }
}

#[test]
fn every_hostile_archive_is_refused_or_right() {
    if !(need::program("tar") && need::program("bsdtar")) {
        return;
    }
    let mut cases = Vec::new();
    for add in [names, links, records, fields, ends] {
        add(&mut cases);
    }
    let mut refused = 0;
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("r.tar");
        fs::write(&archive, &case.bytes).unwrap();
        match compare(folder.path(), &archive, false) {
            Ok(_) if case.judgement == Refused => wrong.push(format!("accepted: {}", case.what)),
            Ok(Err(what)) => wrong.push(format!("{}: {what}", case.what)),
            Ok(Ok(())) => {}
            Err(error) => {
                refused += 1;
                assert!(
                    matches!(error.kind(), Kind::Refused | Kind::Usage),
                    "{}",
                    case.what
                );
                assert!(!folder.path().join("ours").exists(), "{}", case.what);
            }
        }
    }
    println!("{} hostile archives, {refused} refused", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 200);
}

#[test]
fn a_bomb_is_refused_before_it_takes_long() {
    let zeros = vec![0_u8; 1 << 20];
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&open_end([
        compose(),
        raw(b'0', "zeros", b"").size(1 << 33),
    ]))
    .unwrap();
    for _ in 0..1 << 11 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let sparse = |size: &str| {
        let records = [
            ("GNU.sparse.size", size),
            ("GNU.sparse.numblocks", "0"),
            ("GNU.sparse.map", ""),
        ];
        whole([compose(), pax(&records[..2]), raw(b'0', "f", b"")])
    };
    let nameless = |count: u64| {
        let members = (0..count).map(|n| raw(b'5', &format!("d{n}/"), b""));
        whole([compose()].into_iter().chain(members))
    };
    for (what, bytes) in [
        ("gzip", bomb),
        ("sparse", sparse("1000000000000000")),
        ("many", nameless(1_000)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("r.tar.gz");
        fs::write(&archive, bytes).unwrap();
        let begun = Instant::now();
        let opened =
            transship::release::VendorRelease::open(&archive, &transship::progress::Silent);
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        assert_eq!(opened.is_ok(), what == "many", "{what}: {opened:?}");
    }
}
