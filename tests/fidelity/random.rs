//! Random trees, copied and compared: 40, or as many as `PROPTEST_CASES` says.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use transship::progress::Silent;
use transship::tree::{CopyOptions, Manifest, ManifestFormat, manifest};

use crate::look::{assert_same, look};
use crate::support::{Bench, is_root};
use crate::zoo;

/// What is to stand at a path; what can't, because of what stands there, is left out.
#[derive(Debug, Clone)]
enum Thing {
    Folder,
    File {
        size: u64,
        data: Vec<(u64, u16)>,
    },
    Symlink(Vec<u8>),
    Fifo,
    /// Another name of an earlier thing.
    Link(prop::sample::Index),
}

#[derive(Debug, Clone)]
struct Made {
    folder: prop::sample::Index,
    name: Vec<u8>,
    thing: Thing,
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    xattr: Option<Vec<u8>>,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("not in a name", |byte| !b"/\0".contains(byte));
    vec(byte, 1..12).prop_filter("special", |name| name != b"." && name != b"..")
}

fn thing() -> impl Strategy<Value = Thing> {
    let data = vec((0..400_000_u64, 1..5000_u16), 0..4);
    prop_oneof![
        3 => Just(Thing::Folder),
        5 => (0..400_000_u64, data).prop_map(|(size, data)| Thing::File { size, data }),
        1 => vec(1..255_u8, 1..40).prop_map(Thing::Symlink),
        1 => Just(Thing::Fifo),
        2 => any::<prop::sample::Index>().prop_map(Thing::Link),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    (
        any::<prop::sample::Index>(),
        name(),
        thing(),
        0..0o10000_u32,
        (0..3000_u32, 0..3000_u32),
        (-2_000_000_000..4_000_000_000_i64, 0..1_000_000_000_i64),
        // Larger ones get a block of their own, which can't be told from the block of a tiny
        // file's content: its hole would become a block of zeros.
        proptest::option::weighted(0.2, vec(any::<u8>(), 0..40)),
    )
        .prop_map(|(folder, name, thing, mode, owner, modified, xattr)| Made {
            folder,
            name,
            thing,
            mode,
            owner,
            modified,
            xattr,
        })
}

fn build(root: &Path, all: &[Made]) {
    let mut folders = vec![root.to_owned()];
    let mut others = Vec::new();
    let mut paths = Vec::new();
    for made in all {
        let path = made
            .folder
            .get(&folders)
            .join(OsStr::from_bytes(&made.name));
        if make(&path, &made.thing, &others).is_err() {
            continue;
        }
        match made.thing {
            Thing::Folder => folders.push(path.clone()),
            _ => others.push(path.clone()),
        }
        paths.push((path, made));
    }
    // Attributes from the bottom up, since a folder's mode may shut others out.
    for (path, made) in paths.iter().rev() {
        attributes(path, made);
    }
}

fn make(path: &Path, thing: &Thing, others: &[std::path::PathBuf]) -> std::io::Result<()> {
    match thing {
        Thing::Folder => fs::create_dir(path),
        Thing::File { size, data } => {
            let mut file = File::create_new(path)?;
            file.set_len(*size)?;
            for (at, length) in data {
                file.seek(SeekFrom::Start(*at))?;
                file.write_all(&zoo::noise(usize::from(*length)))?;
            }
            Ok(())
        }
        Thing::Symlink(target) => symlink(OsStr::from_bytes(target), path),
        Thing::Fifo => {
            let mode = rustix::fs::Mode::RWXU;
            let fifo = rustix::fs::FileType::Fifo;
            Ok(rustix::fs::mknodat(rustix::fs::CWD, path, fifo, mode, 0)?)
        }
        Thing::Link(which) if others.is_empty() => {
            let _ = which;
            Err(std::io::ErrorKind::NotFound.into())
        }
        Thing::Link(which) => fs::hard_link(which.get(others), path),
    }
}

fn attributes(path: &Path, made: &Made) {
    let is_symlink = fs::symlink_metadata(path).unwrap().is_symlink();
    if is_root() {
        let (uid, gid) = made.owner;
        std::os::unix::fs::lchown(path, Some(uid), Some(gid)).unwrap();
    }
    let plain = fs::metadata(path).is_ok_and(|stat| stat.is_file() || stat.is_dir());
    if let Some(value) = made.xattr.as_ref().filter(|_| plain && !is_symlink) {
        zoo::xattr(path, "user.random", value);
    }
    if !is_symlink {
        let mode = if is_root() {
            made.mode
        } else {
            made.mode | 0o700
        };
        zoo::mode(path, mode);
    }
    zoo::times(path, (1, 1), made.modified);
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|n| n.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_of_any_tree_is_that_tree(all in vec(made(), 0..40), digest: bool) {
        let bench = Bench::new();
        build(&bench.source(), &all);
        let options = CopyOptions { digest, sync: false, ..CopyOptions::default() };
        let copied = bench.copy(&options);
        let mut sides = [look(&bench.source()), look(&bench.target())];
        for attributes in sides.iter_mut().flat_map(|side| side.values_mut()) {
            attributes.remove("atime");
        }
        assert_same(&sides[0], &sides[1]);
        if let Some(made) = copied.manifest {
            prop_assert_eq!(&manifest(&bench.target(), &Silent).unwrap(), &made);
            for format in [ManifestFormat::Mtree, ManifestFormat::Json] {
                let mut bytes = Vec::new();
                made.write(format, &mut bytes).unwrap();
                prop_assert_eq!(&Manifest::read(Path::new("m"), &bytes).unwrap(), &made);
            }
        }
    }
}
