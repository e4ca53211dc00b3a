//! Archives of random trees, made by GNU tar and bsdtar in all of their formats, and the same
//! with damage: what is accepted is what both programs unpack, and what they made is accepted.
//!
//! `TRANSSHIP_ARCHIVES=2000` makes so many; a sample is made otherwise.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::{VendorRelease, VendorReleaseError};

use super::need;
use super::picture::{picture, unpacked_by};
use super::raw::{BLOCK, sum};

/// xorshift: the same archives in every run.
struct Random(u64);

impl Random {
    const fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.next(all.len())]
    }
}

const NAMES: [&str; 8] = [
    "etc",
    "a b",
    // Composed: bsdtar makes one letter of two.
    "über",
    "conf.d",
    "x",
    "-n",
    "new\nline",
    "a-name-that-is-as-long-as-those-of-some-generated-files-are-and-goes-on-for-a-while-until-it-is-over-100",
];

const FORMATS: [(&str, &[&str]); 11] = [
    ("tar", &["--format=gnu"]),
    ("tar", &["--format=gnu", "--sparse"]),
    ("tar", &["--format=oldgnu", "--sparse"]),
    ("tar", &["--format=posix"]),
    (
        "tar",
        &["--format=posix", "--sparse", "--sparse-version=0.0"],
    ),
    (
        "tar",
        &["--format=posix", "--sparse", "--sparse-version=0.1"],
    ),
    (
        "tar",
        &["--format=posix", "--sparse", "--sparse-version=1.0"],
    ),
    ("tar", &["--format=ustar"]),
    ("tar", &["--format=v7"]),
    ("bsdtar", &["--format=pax"]),
    ("bsdtar", &["--format=gnutar"]),
];

/// Makes a release in `root`.
fn make_tree(random: &mut Random, root: &Path) {
    fs::create_dir(root).unwrap();
    fs::write(root.join("compose.yaml"), "services: {}\n").unwrap();
    let mut folders = vec![root.to_owned()];
    let mut files: Vec<PathBuf> = Vec::new();
    for number in 0..random.next(12) {
        let above = folders[random.next(folders.len())].clone();
        let path = above.join(format!("{}{number}", random.pick(&NAMES)));
        match random.next(7) {
            0 | 1 if path.as_os_str().len() < 3000 => {
                fs::create_dir(&path).unwrap();
                folders.push(path);
            }
            2 => symlink(random.pick(&["x", "compose.yaml", "./nowhere/far"]), &path).unwrap(),
            3 if !files.is_empty() => {
                fs::hard_link(&files[random.next(files.len())], &path).unwrap();
            }
            4 => {
                let file = fs::File::create(&path).unwrap();
                for _ in 0..=random.next(9) {
                    let at = random.next(40) as u64 * 65536;
                    file.write_all_at(&[b'x'; 700], at).unwrap();
                }
                file.set_len(random.pick(&[0, 3_000_000, 5_000_001]))
                    .unwrap();
                files.push(path);
            }
            _ => {
                let size = random.pick(&[0, 1, 511, 512, 513, 10_240]);
                fs::write(&path, vec![b'a'; size]).unwrap();
                let mode = random.pick(&[0o644, 0o600, 0o755, 0o6755, 0o777, 0o440]);
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                files.push(path);
            }
        }
    }
    for path in files.iter().chain(folders.iter().rev()) {
        // No fractions before 1970: bsdtar takes those for times after the second.
        let (tv_sec, tv_nsec) = random.pick(&[
            (0, 0),
            (1, 500_000_000),
            (1_700_000_000, 123_456_789),
            (-1, 0),
            (-86_400, 0),
            (4_102_444_800, 1),
        ]);
        let stamp = Timespec { tv_sec, tv_nsec };
        let times = Timestamps {
            last_access: stamp,
            last_modification: stamp,
        };
        rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
}

/// Packs `root/r`; nothing if the format can't hold it.
fn pack(random: &mut Random, folder: &Path) -> Option<PathBuf> {
    let (program, options) = random.pick(&FORMATS);
    let archive = folder.join("r.tar");
    let gzip = random.next(3) == 0;
    let output = Command::new(program)
        .args(options)
        .args(if gzip { &["-z"][..] } else { &[] })
        .arg("-cf")
        .arg(&archive)
        .args(if random.next(2) == 0 {
            ["-C", "r", "."]
        } else {
            ["-C", ".", "r"]
        })
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    output.status.success().then_some(archive)
}

fn count() -> usize {
    let count = std::env::var("TRANSSHIP_ARCHIVES").ok();
    count.map_or(120, |count| count.parse().unwrap())
}

/// Stages what an archive has, and compares it with what `tar` and `bsdtar` make of it.
/// Gives in what they differ.
///
/// # Errors
/// Why the archive is refused.
pub(crate) fn compare(
    folder: &Path,
    archive: &Path,
    honest: bool,
) -> Result<Result<(), String>, VendorReleaseError> {
    let release = VendorRelease::open(archive, &Silent)?;
    let target = folder.join("ours");
    release.stage(&Disk::new(), &target, &Silent)?;
    let ours = picture(&target, honest);
    let mut complaints = Vec::new();
    for program in ["tar", "bsdtar"] {
        let below = folder.join(program);
        let unpacked = unpacked_by(program, archive, &below);
        let Some(unpacked) = unpacked else {
            complaints.push(program);
            continue;
        };
        let top = release.top.as_deref().unwrap_or_default();
        let theirs = picture(&unpacked.join(top), honest);
        if ours != theirs {
            return Ok(Err(format!("{program} has {theirs:#?}, and we {ours:#?}")));
        }
    }
    // One of them may be stricter than we are, but for what is as it should be.
    let allowed = usize::from(!honest);
    Ok(if complaints.len() > allowed {
        Err(format!("{complaints:?} complain"))
    } else {
        Ok(())
    })
}

/// A test's folder, which stays to be looked at if the test fails.
fn with_folder(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let kept = Kept(Some(folder));
    test(&path);
    drop(kept);
}

struct Kept(Option<tempfile::TempDir>);

impl Drop for Kept {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let path = self.0.take().map(tempfile::TempDir::keep);
            eprintln!("look into {path:?}");
        }
    }
}

#[test]
fn what_tar_and_bsdtar_pack_is_staged_as_both_unpack_it() {
    if !(need::root() && need::program("tar") && need::program("bsdtar")) {
        return;
    }
    let (mut made, mut seed) = (0, 0);
    while made < count() {
        seed += 1;
        with_folder(|folder| {
            let mut random = Random::seeded(seed);
            make_tree(&mut random, &folder.join("r"));
            if let Some(archive) = pack(&mut random, folder) {
                made += 1;
                let compared = compare(folder, &archive, true).unwrap_or_else(|error| {
                    panic!("{archive:?} of seed {seed} is refused: {error}");
                });
                compared.unwrap_or_else(|what| panic!("seed {seed}: {what}"));
            }
        });
    }
    println!("{made} archives, alike");
}

/// Damages an archive: fields of headers, with a good sum, and whole blocks.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.next(3) {
        let blocks = bytes.len() / BLOCK;
        let at = random.next(blocks) * BLOCK;
        match random.next(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..at + BLOCK)),
            2 => {
                let block = bytes[at..at + BLOCK].to_vec();
                let to = random.next(blocks) * BLOCK;
                bytes.splice(to..to, block);
            }
            3 => bytes[at..at + BLOCK].fill(0),
            _ => {
                let block = &mut bytes[at..at + BLOCK];
                // In the middle of a file there is no header to find.
                let is_header = block[257..262] == *b"ustar" || random.next(4) == 0;
                let field = random.pick(&[
                    0, 99, 100, 124, 130, 136, 156, 157, 257, 263, 345, 386, 482, 483,
                ]);
                let value = random.pick(b"\0 0157SLKxgA/.-\x80\xff");
                block[field + random.next(4)] = value;
                if is_header {
                    sum(block);
                }
            }
        }
        if bytes.len() < 2 * BLOCK {
            return;
        }
    }
}

#[test]
fn a_damaged_archive_is_refused_or_staged_as_both_programs_unpack_it() {
    if !(need::root() && need::program("tar") && need::program("bsdtar")) {
        return;
    }
    let (mut made, mut refused, mut seed) = (0, 0, 0);
    while made < count() {
        seed += 1;
        with_folder(|folder| {
            let mut random = Random::seeded(seed + (1 << 32));
            make_tree(&mut random, &folder.join("r"));
            let Some(archive) = pack(&mut random, folder) else {
                return;
            };
            let mut bytes = fs::read(&archive).unwrap();
            if bytes[..2] == [0x1f, 0x8b] {
                return;
            }
            made += 1;
            damage(&mut random, &mut bytes);
            let damaged = folder.join("damaged.tar");
            fs::write(&damaged, &bytes).unwrap();
            match compare(folder, &damaged, false) {
                Ok(compared) => compared.unwrap_or_else(|what| panic!("seed {seed}: {what}")),
                Err(error) => {
                    assert!(
                        matches!(error.kind(), Kind::Usage | Kind::Refused),
                        "{error}"
                    );
                    assert!(!folder.join("ours").exists());
                    refused += 1;
                }
            }
        });
    }
    println!("{made} damaged archives, {refused} refused");
    assert!(refused > made / 3);
}
