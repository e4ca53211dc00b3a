//! A program without rights swaps folders and files for symlinks in a tree of its own, while
//! root copies that tree. What only root may read must never get into a copy; a copier of
//! the plain sort, under the same attack, shows that the attack works.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::fs::{CWD, RenameFlags};
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{CopyOptions, copy, manifest, remove};

use crate::support::{Bench, skipped_without, skipped_without_root};
use crate::zoo;

const SECRET: &[u8] = b"for root's eyes only";

/// Copies that are tried; more with `TRANSSHIP_RACES`.
fn tries() -> usize {
    let tries = std::env::var("TRANSSHIP_RACES").ok();
    tries.and_then(|n| n.parse().ok()).unwrap_or(300)
}

/// Swaps the pairs in the folder that `TRANSSHIP_ATTACK` names until it is killed. This is
/// no test: the tests below start this program again, as somebody else.
#[test]
fn attacker() {
    let Some(folder) = std::env::var_os("TRANSSHIP_ATTACK").map(PathBuf::from) else {
        return;
    };
    loop {
        for (one, other) in [("folder", "folder-link"), ("file", "file-link")] {
            let (one, other) = (folder.join(one), folder.join(other));
            let _ = rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
        }
    }
}

struct Attack {
    child: Child,
}

impl Attack {
    fn on(bench: &Bench) -> Self {
        let (source, vault) = (bench.source(), bench.path().join("vault"));
        fs::create_dir(&vault).unwrap();
        fs::write(vault.join("inside"), SECRET).unwrap();
        zoo::mode(&vault, 0o700);
        fs::create_dir(source.join("folder")).unwrap();
        fs::write(source.join("folder/inside"), b"harmless").unwrap();
        fs::write(source.join("file"), b"harmless").unwrap();
        symlink(&vault, source.join("folder-link")).unwrap();
        symlink(vault.join("inside"), source.join("file-link")).unwrap();
        for name in ["", "folder"] {
            chown(source.join(name), Some(999), Some(999)).unwrap();
        }
        zoo::mode(bench.path(), 0o755);
        let program = bench.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let child = Command::new("setpriv")
            .args(["--reuid=999", "--regid=999", "--clear-groups"])
            .arg(program)
            .args(["--exact", "race::attacker"])
            .env("TRANSSHIP_ATTACK", source)
            .current_dir("/")
            .stdout(Stdio::null())
            .spawn();
        let attack = Self {
            child: child.unwrap(),
        };
        std::thread::sleep(std::time::Duration::from_millis(300));
        attack
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True if the secret is anywhere in a tree that nobody else can change.
fn leaked(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).any(|path| {
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        (kind.is_dir() && leaked(&path)) || (kind.is_file() && fs::read(&path).unwrap() == SECRET)
    })
}

/// What a copier does that looks first and then acts on the path.
fn copy_naively(source: &Path, target: &Path) -> std::io::Result<()> {
    fs::create_dir(target)?;
    for entry in fs::read_dir(source)? {
        let (from, to) = {
            let entry = entry?;
            (entry.path(), target.join(entry.file_name()))
        };
        let kind = fs::symlink_metadata(&from)?.file_type();
        let _ = if kind.is_dir() {
            copy_naively(&from, &to)
        } else if kind.is_symlink() {
            fs::read_link(&from).and_then(|link| symlink(link, &to))
        } else {
            fs::copy(&from, &to).map(drop)
        };
    }
    Ok(())
}

#[test]
fn nothing_leaks_into_a_copy_or_manifest_and_a_naive_copier_leaks() {
    if skipped_without_root() || skipped_without("setpriv") {
        return;
    }
    let bench = Bench::new();
    let attack = Attack::on(&bench);
    let options = CopyOptions {
        live: true,
        sync: false,
        ..CopyOptions::default()
    };
    let digest = transship::tree::Digest::of(SECRET);
    let (mut copies, mut naive_leaks) = (0, 0);
    for _ in 0..tries() {
        let target = bench.target();
        if copy(&Disk::new(), &bench.source(), &target, &options, &Silent).is_ok() {
            assert!(!leaked(&target), "the secret is in the copy");
            remove(&Disk::new(), &target).unwrap();
            copies += 1;
        }
        if let Ok(manifest) = manifest(&bench.source(), &Silent) {
            assert!(manifest.entries().all(|entry| entry.sha256 != Some(digest)));
        }
        let _ = copy_naively(&bench.source(), &target);
        naive_leaks += usize::from(leaked(&target));
        fs::remove_dir_all(&target).unwrap();
    }
    drop(attack);
    println!("{copies} copies, {naive_leaks} leaks of the naive copier");
    assert!(copies > tries() / 10, "hardly a copy was made: {copies}");
    assert!(
        naive_leaks > 0,
        "the attack doesn't work, so this shows nothing"
    );
}
