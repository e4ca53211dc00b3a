//! Manifests, in all of their formats.

use std::fs;
use std::path::Path;

use transship::tree::{
    Digest, EntryKind, InodeFlags, Manifest, ManifestEntry, ManifestFormat, Time, Xattr,
};

use super::{fixture, folder};

fn a_manifest() -> Manifest {
    let entry = |path: &str, kind| {
        let mut entry = ManifestEntry::new(path.as_bytes().to_vec(), kind);
        entry.mode = Some(0o750);
        entry.uid = Some(999);
        entry.gid = Some(999);
        entry.mtime = Some(Time {
            seconds: 1_700_000_000,
            nanoseconds: 123_456_789,
        });
        entry.xattrs = Some(Vec::new());
        if kind == EntryKind::Directory {
            entry.flags = InodeFlags::from_words("none");
        }
        entry
    };
    let mut file = entry("base/1 with space", EntryKind::File);
    file.size = Some(5);
    file.sha256 = Some(Digest::of(b"hello"));
    file.xattrs = Some(vec![Xattr {
        name: b"user.note".to_vec(),
        value: b"\x00\xff".to_vec(),
    }]);
    file.flags = InodeFlags::from_words("nodump,schg");
    let mut link = entry("default", EntryKind::Symlink);
    // Linux knows no mode of a symlink's own.
    link.mode = None;
    link.target = Some(b"base/1".to_vec());
    Manifest::new(vec![
        entry(".", EntryKind::Directory),
        entry("base", EntryKind::Directory),
        file,
        link,
    ])
}

#[test]
fn manifests_are_written_and_read_in_every_format() {
    for (format, name) in [
        (ManifestFormat::Mtree, "manifest-v2.mtree"),
        (ManifestFormat::Sha256sum, "manifest-v1.sha256sum"),
        (ManifestFormat::Json, "manifest-v2.json"),
    ] {
        let mut today = Vec::new();
        a_manifest().write(format, &mut today).unwrap();
        let text = fixture(name, std::str::from_utf8(&today).unwrap());
        let read = Manifest::read(Path::new(name), text.as_bytes()).unwrap();
        if format == ManifestFormat::Sha256sum {
            assert_eq!(read.len(), 1);
        } else {
            let (read, written): (Vec<_>, Vec<_>) =
                (read.entries().collect(), a_manifest().entries().collect());
            assert_eq!(read, written, "{name}");
        }
    }
}

#[test]
fn a_manifest_of_version_1_tells_all_but_inode_flags() {
    for name in ["manifest-v1.mtree", "manifest-v1.json"] {
        let text = fs::read(folder().join(name)).unwrap();
        let read = Manifest::read(Path::new(name), text.as_slice()).unwrap();
        let whole = a_manifest();
        let expected = whole.entries().map(|mut entry| {
            entry.flags = None;
            entry
        });
        let read: Vec<_> = read.entries().collect();
        assert_eq!(read, expected.collect::<Vec<_>>(), "{name}");
    }
}
