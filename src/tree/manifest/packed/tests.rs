//! Entries go in in any order, and come back in theirs.

use super::*;

fn inode(inode: u64) -> FileId {
    FileId { device: 1, inode }
}
use crate::tree::digest::Digest;
use crate::tree::manifest::Time;

fn packed(entries: &[ManifestEntry]) -> PackedEntries {
    let mut packer = Packer::default();
    for entry in entries {
        packer.push(entry, None);
    }
    packer.finish()
}

fn paths(packed: &PackedEntries) -> Vec<String> {
    let text = |entry: ManifestEntry| String::from_utf8(entry.path).unwrap();
    packed.entries().map(text).collect()
}

fn file(path: &str) -> ManifestEntry {
    ManifestEntry::new(path.as_bytes().to_vec(), EntryKind::File)
}

#[test]
fn entries_come_in_path_order_whatever_order_they_went_in() {
    let mut names = vec![".", "-", "a", "a/b", "a/b/c", "a/z", "a-b", "b", "b/x/y/z"];
    let expected = names.clone();
    for _ in 0..names.len() {
        names.rotate_left(1);
        let entries: Vec<_> = names.iter().map(|name| file(name)).collect();
        assert_eq!(paths(&packed(&entries)), expected);
    }
}

#[test]
fn every_entry_is_found_by_its_path_under_a_number_of_its_own() {
    let names = [".", "a", "a/b", "x/y", "x/z/1", "-"];
    let packed = packed(&names.map(file));
    let mut numbers: Vec<usize> = names
        .iter()
        .map(|name| {
            let (number, entry) = packed.find(name.as_bytes()).unwrap();
            assert_eq!(entry.path, name.as_bytes());
            number
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    for name in ["x", "x/z", "b", "a/b/c", ""] {
        assert!(packed.find(name.as_bytes()).is_none(), "{name}");
    }
}

#[test]
fn of_two_entries_for_a_path_the_last_counts() {
    let mut later = file("a/b");
    later.size = Some(7);
    let packed = packed(&[file("a/b"), later.clone(), file("a/a")]);
    assert_eq!(packed.len(), 2);
    assert_eq!(packed.find(b"a/b").unwrap().1, later);
}

#[test]
fn names_of_one_inode_share_what_one_of_them_was_read_for() {
    let mut packer = Packer::default();
    let mut read = file("b/2");
    read.sha256 = Some(Digest::of(b"x"));
    packer.push(&file("z"), Some(inode(2)));
    packer.push(&read, Some(inode(2)));
    packer.push(&file("alone"), Some(inode(3)));
    let packed = packer.finish();
    for path in [b"z".as_slice(), b"b/2"] {
        let entry = packed.find(path).unwrap().1;
        assert_eq!(entry.sha256, read.sha256);
        assert_eq!(entry.hard_link.as_deref(), Some(b"b/2".as_slice()));
    }
    assert_eq!(packed.find(b"alone").unwrap().1, file("alone"));
}

#[test]
fn a_hundred_thousand_files_take_less_than_seven_megabytes() {
    let mut packer = Packer::default();
    for n in 0..100_000 {
        let mut entry = file(&format!("{}/file{n:06}.txt", n % 1000));
        (entry.mode, entry.uid, entry.gid) = (Some(0o644), Some(999), Some(999));
        entry.size = Some(4096 + n % 1000);
        entry.mtime = Some(Time {
            seconds: 1_700_000_000,
            nanoseconds: 999_999_999,
        });
        entry.sha256 = Some(Digest::of(b"x"));
        entry.xattrs = Some(Vec::new());
        packer.push(&entry, None);
    }
    let size = |shelf: &Shelf| {
        let entries = shelf.bytes.capacity() + 4 * shelf.order.capacity();
        entries + shelf.path.len() + size_of::<Shelf>()
    };
    let bytes: usize = packer.finish().shelves.iter().map(size).sum();
    assert!(bytes < 7_000_000, "{bytes}");
}

#[test]
fn nothing_is_in_an_empty_one() {
    let packed = Packer::default().finish();
    assert_eq!(packed.entries().count(), 0);
    assert!(packed.find(b".").is_none());
}

#[test]
fn times_before_1970_and_odd_values_survive() {
    let mut entry = file("x");
    entry.mtime = Some(Time {
        seconds: i64::MIN,
        nanoseconds: 999_999_999,
    });
    entry.size = Some(u64::MAX);
    entry.target = Some(vec![0xff; 4096]);
    entry.hard_link = Some(b"other".to_vec());
    let packed = packed(std::slice::from_ref(&entry));
    assert_eq!(packed.entries().collect::<Vec<_>>(), [entry]);
}
