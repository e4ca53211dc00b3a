//! Reading one file of a tree that others may write to.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

/// Larger files are nobody's config.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The content of the regular file at `path` below `root`, where no symlink is followed but
/// in `root` itself; None if there is none, or it is larger than 16 MiB.
///
/// # Errors
/// The operating system's error, for a file that is there and can't be read.
pub fn read_beneath(root: &Path, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let folder = match File::open(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        folder => folder?,
    };
    // Opening a fifo would wait for its other end.
    let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file = match openat2(&folder, path, how, Mode::empty(), within) {
        Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO) => return Ok(None),
        file => File::from(file?),
    };
    let stat = file.metadata()?;
    if !stat.is_file() || stat.len() > LARGEST {
        return Ok(None);
    }
    let mut content = Vec::new();
    file.take(LARGEST).read_to_end(&mut content)?;
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn no_symlink_leads_out_of_the_tree_or_elsewhere_in_it() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(home.path().join("secret"), "x").unwrap();
        std::fs::write(root.join("sub/file"), "y").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("sub", root.join("link")).unwrap();
        let read = |path: &str| read_beneath(&root, Path::new(path)).ok().flatten();
        assert_eq!(read("sub/file"), Some(b"y".to_vec()));
        for path in ["out", "link/file", "../secret", "sub", "nope", "sub/file/x"] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
