//! What a vendor ships: good tarballs are staged as GNU tar would unpack them, bad ones
//! are refused whole, and nothing half-made is ever seen.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../common/dead.rs"]
#[expect(dead_code, reason = "the tests here make such names only")]
mod dead;
mod differential;
mod hostile;
#[path = "../common/need.rs"]
mod need;
mod picture;
mod raw;

use dead::dead_name;
use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use transship::error::{Explain, Kind};
use transship::fs::{Disk, Purpose};
use transship::progress::{Collected, Silent};
use transship::release::{VendorRelease, VendorReleaseError, VendorReleaseKind};

const COMPOSE: &[u8] = b"services: {}\n";

/// One member of an archive, written as it is, however wrong.
struct Member {
    name: &'static str,
    kind: EntryType,
    link: &'static str,
    mode: u32,
    content: &'static [u8],
}

const fn member(name: &'static str, kind: EntryType, link: &'static str) -> Member {
    Member {
        name,
        kind,
        link,
        mode: 0o644,
        content: b"",
    }
}

const fn file(name: &'static str, mode: u32, content: &'static [u8]) -> Member {
    Member {
        name,
        kind: EntryType::Regular,
        link: "",
        mode,
        content,
    }
}

fn archive(members: &[Member]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for member in members {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..member.name.len()]
            .copy_from_slice(member.name.as_bytes());
        header.as_gnu_mut().unwrap().linkname[..member.link.len()]
            .copy_from_slice(member.link.as_bytes());
        header.set_entry_type(member.kind);
        header.set_mode(member.mode);
        header.set_uid(4711);
        header.set_gid(4711);
        header.set_mtime(1_500_000_000);
        header.set_size(member.content.len() as u64);
        header.set_cksum();
        builder.append(&header, member.content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct World {
    folder: TempDir,
}

impl World {
    fn with(archive: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("release.tar.gz"), archive).unwrap();
        Self { folder }
    }

    fn tarball(&self) -> PathBuf {
        self.folder.path().join("release.tar.gz")
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("v2.10.5")
    }

    fn open(&self) -> Result<VendorRelease, VendorReleaseError> {
        VendorRelease::open(&self.tarball(), &Silent)
    }

    fn stage(&self) -> PathBuf {
        self.open()
            .unwrap()
            .stage(&Disk::new(), &self.target(), &Silent)
            .unwrap();
        self.target()
    }

    /// Names beside the tarball.
    fn others(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "release.tar.gz").collect()
    }
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

#[test]
fn a_tarball_is_staged_without_its_single_top_folder() {
    let world = World::with(&gzip(&archive(&[
        member("acme-2.10.5/", EntryType::Directory, ""),
        file("acme-2.10.5/docker-compose.yml", 0o644, COMPOSE),
        file("acme-2.10.5/etc/ssl/key.pem", 0o600, b"secret"),
        member("acme-2.10.5/latest", EntryType::Symlink, "etc/ssl"),
    ])));
    let shipment = world.open().unwrap();
    assert_eq!(shipment.kind, VendorReleaseKind::Tarball);
    assert_eq!(shipment.top.as_deref(), Some("acme-2.10.5".as_ref()));
    let release = world.stage();
    assert_eq!(
        fs::read(release.join("docker-compose.yml")).unwrap(),
        COMPOSE
    );
    assert_eq!(mode(&release.join("etc/ssl/key.pem")), 0o600);
    assert_eq!(
        fs::read_link(release.join("latest")).unwrap(),
        Path::new("etc/ssl")
    );
    assert_eq!(mode(&release), 0o755);
    assert_eq!(world.others(), ["v2.10.5"]);
}

#[test]
fn what_archivers_leave_beside_the_top_folder_is_none_of_the_release() {
    let world = World::with(&gzip(&archive(&[
        file(".DS_Store", 0o644, b"x"),
        member("__MACOSX/", EntryType::Directory, ""),
        file("__MACOSX/acme/note", 0o644, b"x"),
        file("acme/docker-compose.yml", 0o644, COMPOSE),
    ])));
    let shipment = world.open().unwrap();
    assert_eq!(shipment.top.as_deref(), Some("acme".as_ref()));
    let release = world.stage();
    assert!(release.join("docker-compose.yml").exists() && !release.join("__MACOSX").exists());
    // A release that is a level deeper is named.
    let world = World::with(&gzip(&archive(&[
        file("dist/acme/docker-compose.yml", 0o644, COMPOSE),
        file("dist/other/compose.yaml", 0o644, COMPOSE),
    ])));
    let error = world.open().unwrap_err();
    let hints = Explain::hints(&error).join("; ");
    assert!(hints.contains("`dist/acme`, `dist/other`"), "{hints}");
}

#[test]
fn an_archive_of_a_folder_itself_has_no_top_folder() {
    for members in [
        vec![
            member("./", EntryType::Directory, ""),
            file("./docker-compose.yml", 0o644, COMPOSE),
        ],
        vec![file("./docker-compose.yml", 0o644, COMPOSE)],
    ] {
        let world = World::with(&gzip(&archive(&members)));
        assert_eq!(world.open().unwrap().top, None);
        assert!(world.stage().join("docker-compose.yml").is_file());
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let world = World::with(b"");
    let pipe = world.folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let error = VendorRelease::open(&pipe, &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage, "{error}");
}

#[test]
fn what_is_unpacked_belongs_to_the_caller_and_has_no_special_bits() {
    let world = World::with(&archive(&[
        file("docker-compose.yml", 0o644, COMPOSE),
        file("bin/tool", 0o6777, b"#!"),
    ]));
    let tool = world.stage().join("bin/tool");
    assert_eq!(mode(&tool), 0o755);
    assert_eq!(
        tool.metadata().unwrap().uid(),
        rustix::process::geteuid().as_raw()
    );
    assert_eq!(tool.metadata().unwrap().mtime(), 1_500_000_000);
}

#[test]
fn hard_links_and_long_names_come_out_as_gnu_tar_has_them() {
    let source = tempfile::tempdir().unwrap();
    let root = source.path().join("r");
    let deep = root.join("a-long-folder-name/".repeat(12));
    fs::create_dir_all(&deep).unwrap();
    fs::write(root.join("compose.yaml"), COMPOSE).unwrap();
    fs::write(deep.join("file with spaces and ü"), b"x").unwrap();
    fs::hard_link(root.join("compose.yaml"), root.join("twin")).unwrap();
    std::os::unix::fs::symlink("a-long-folder-name/../compose.yaml", root.join("link")).unwrap();
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o555)).unwrap();
    for format in ["gnu", "posix", "ustar"] {
        let world = World::with(b"");
        let status = Command::new("tar")
            .arg("-C")
            .arg(source.path())
            .args([&format!("--format={format}"), "-czf"])
            .arg(world.tarball())
            .arg("r")
            .status()
            .unwrap();
        if !status.success() {
            // ustar can't hold the long names; the other two must.
            assert_eq!(format, "ustar");
            continue;
        }
        let release = world.stage();
        let unpacked = world.folder.path().join("by-tar");
        fs::create_dir(&unpacked).unwrap();
        let tar = Command::new("tar")
            .args(["--no-same-owner", "--strip-components=1", "-xzf"])
            .arg(world.tarball())
            .arg("-C")
            .arg(&unpacked)
            .status()
            .unwrap();
        assert!(tar.success());
        let diff = Command::new("diff")
            .args(["-r", "--no-dereference"])
            .arg(&release)
            .arg(&unpacked)
            .output()
            .unwrap();
        assert!(
            diff.status.success(),
            "{}",
            String::from_utf8_lossy(&diff.stdout)
        );
        let inode = |name: &str| release.join(name).metadata().unwrap().ino();
        assert_eq!(inode("compose.yaml"), inode("twin"));
    }
}

#[test]
fn a_hostile_member_condemns_the_whole_archive() {
    let hostile = [
        (file("../escape", 0o644, b"x"), "`..`"),
        (file("a/../../escape", 0o644, b"x"), "`..`"),
        (file("/etc/escape", 0o644, b"x"), "absolute"),
        (
            member("link", EntryType::Symlink, "/etc/shadow"),
            "absolute",
        ),
        (
            member("a/link", EntryType::Symlink, "../../outside"),
            "leads out",
        ),
        (member("link", EntryType::Link, "/etc/shadow"), "absolute"),
        (member("link", EntryType::Link, "../outside"), "`..`"),
        (
            member("link", EntryType::Link, "not-there"),
            "not an earlier file",
        ),
        (member("device", EntryType::Block, ""), "device"),
        (member("device", EntryType::Char, ""), "device"),
        (member("pipe", EntryType::Fifo, ""), "fifo"),
        (member("odd", EntryType::new(b'Z'), ""), "unknown type"),
        (file("docker-compose.yml", 0o644, b"again"), "second one"),
        (
            file("docker-compose.yml/below", 0o644, b"x"),
            "below another member",
        ),
    ];
    for (bad, reason) in hostile {
        let name = bad.name;
        let world = World::with(&gzip(&archive(&[
            file("docker-compose.yml", 0o644, COMPOSE),
            bad,
        ])));
        let error = world.open().unwrap_err();
        let said = error.to_string();
        assert!(
            matches!(error, VendorReleaseError::Member { .. }),
            "{name}: {said}"
        );
        assert!(said.contains(reason), "{name}: {said}");
        assert_eq!(error.kind(), Kind::Refused);
        assert!(world.others().is_empty());
    }
}

#[test]
fn a_file_may_not_be_written_through_a_symlink_of_the_same_archive() {
    for order in [[0, 1], [1, 0]] {
        let mut members = vec![file("docker-compose.yml", 0o644, COMPOSE)];
        for which in order {
            members.push(match which {
                0 => member("dir", EntryType::Symlink, "elsewhere"),
                _ => file("dir/file", 0o644, b"x"),
            });
        }
        let error = World::with(&archive(&members)).open().unwrap_err();
        assert!(
            matches!(error, VendorReleaseError::Member { .. }),
            "{error}"
        );
    }
}

#[test]
fn an_archive_cut_anywhere_or_damaged_is_refused() {
    let whole = archive(&[
        file("docker-compose.yml", 0o644, COMPOSE),
        file("b", 0o644, &[7; 3000]),
    ]);
    for cut in (512..whole.len() - 1024).step_by(256) {
        let error = World::with(&whole[..cut]).open().unwrap_err();
        assert!(
            matches!(error, VendorReleaseError::Damaged { .. }),
            "cut at {cut}: {error}"
        );
    }
    let packed = gzip(&whole);
    for cut in 2..packed.len() {
        assert!(World::with(&packed[..cut]).open().is_err(), "cut at {cut}");
    }
    let mut flipped = packed.clone();
    let middle = packed.len() / 2;
    flipped[middle] ^= 0x10;
    assert!(World::with(&flipped).open().is_err());
}

#[test]
fn another_compression_is_named() {
    for (magic, name) in [
        (&[0x28, 0xb5, 0x2f, 0xfd, 0, 0][..], "zstd"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
        (b"BZh91AY", "bzip2"),
        (b"PK\x03\x04....", "zip"),
    ] {
        let error = World::with(magic).open().unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(error.kind(), Kind::Usage);
    }
}

#[test]
fn an_archive_without_a_compose_file_at_its_top_is_refused() {
    for members in [
        vec![file("README", 0o644, b"x")],
        vec![file("a/b/docker-compose.yml", 0o644, COMPOSE)],
    ] {
        let error = World::with(&archive(&members)).open().unwrap_err();
        assert!(
            matches!(error, VendorReleaseError::NoCompose { .. }),
            "{error}"
        );
    }
}

#[test]
fn an_archive_that_was_exchanged_since_it_was_looked_at_is_refused_and_leaves_nothing() {
    let world = World::with(&archive(&[file("docker-compose.yml", 0o644, COMPOSE)]));
    let shipment = world.open().unwrap();
    let other = archive(&[
        file("docker-compose.yml", 0o644, COMPOSE),
        file("extra", 0o644, b""),
    ]);
    fs::write(world.tarball(), other).unwrap();
    let error = shipment
        .stage(&Disk::new(), &world.target(), &Silent)
        .unwrap_err();
    assert!(
        matches!(error, VendorReleaseError::Changed { .. }),
        "{error}"
    );
    assert!(world.others().is_empty());
}

#[test]
fn staging_over_a_release_is_refused_and_a_stale_staging_folder_is_replaced() {
    let world = World::with(&archive(&[file("docker-compose.yml", 0o644, COMPOSE)]));
    let stale = world.folder.path().join(dead_name(Purpose::Part));
    fs::create_dir(&stale).unwrap();
    fs::write(stale.join("stale"), b"").unwrap();
    world.stage();
    assert_eq!(world.others(), ["v2.10.5"]);
    assert!(!world.target().join("stale").exists());
    let error = world
        .open()
        .unwrap()
        .stage(&Disk::new(), &world.target(), &Silent)
        .unwrap_err();
    assert!(
        matches!(error, VendorReleaseError::ReleaseExists { .. }),
        "{error}"
    );
}

#[test]
fn a_full_disk_or_a_signal_while_staging_leaves_nothing() {
    let world = World::with(&archive(&[
        file("docker-compose.yml", 0o644, COMPOSE),
        file("b", 0o644, b"x"),
    ]));
    let shipment = world.open().unwrap();
    for call in ["mkdir", "open", "write", "chmod", "syncfs", "rename"] {
        let faulty = Disk::with_hook(move |op| match op.call == call {
            true => Err(std::io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        });
        shipment
            .stage(&faulty, &world.target(), &Silent)
            .unwrap_err();
        assert!(!world.target().exists(), "{call}");
    }
    let stop = Collected::default();
    stop.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = shipment
        .stage(&Disk::new(), &world.target(), &stop)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    assert!(world.others().is_empty(), "{:?}", world.others());
}

#[test]
fn a_folder_is_staged_with_its_metadata() {
    let world = World::with(b"");
    let source = world.folder.path().join("unpacked");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("compose.yml"), COMPOSE).unwrap();
    fs::set_permissions(
        source.join("compose.yml"),
        fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    let shipment = VendorRelease::open(&source, &Silent).unwrap();
    assert_eq!(shipment.kind, VendorReleaseKind::Folder);
    shipment
        .stage(&Disk::new(), &world.target(), &Silent)
        .unwrap();
    assert_eq!(mode(&world.target().join("compose.yml")), 0o640);
    fs::write(source.join("late"), b"x").unwrap();
    let other = world.folder.path().join("v3");
    let error = shipment.stage(&Disk::new(), &other, &Silent).unwrap_err();
    assert!(
        matches!(error, VendorReleaseError::Changed { .. }),
        "{error}"
    );
    assert!(!other.exists());
}

#[test]
fn the_small_files_of_a_release_are_not_the_large_ones() {
    static LARGE: [u8; 17 * 1024 * 1024] = [0; 17 * 1024 * 1024];
    let world = World::with(&gzip(&archive(&[
        file("r/docker-compose.yml", 0o644, COMPOSE),
        file("r/containers.tar", 0o644, &LARGE),
    ])));
    let small_files = world.open().unwrap().small_files(&Disk::new()).unwrap();
    assert!(small_files.path().join("docker-compose.yml").exists());
    assert!(!small_files.path().join("containers.tar").exists());
}
