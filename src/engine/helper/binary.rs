//! Which program is the helper: transship itself, linked with a static C runtime, so that it
//! runs in a container that has nothing else.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::HelperError;
use crate::tree::Digest;

/// The name of a static transship that stands beside the running one.
const BESIDE: &str = "transship-static";

/// No transship is larger, in bytes.
const LARGEST: u64 = 256 << 20;

/// A static program, read.
pub(super) struct HelperProgram {
    pub(super) path: PathBuf,
    /// A tar archive that has nothing but the program, as `/transship`.
    pub(super) layer: Vec<u8>,
    /// The processor it is for, as the engine names it: `x86_64`.
    pub(super) machine: &'static str,
}

impl HelperProgram {
    /// The program: the one that was `given`; else the running program if it is static; else
    /// `transship-static` beside it.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, HelperError> {
        if let Some(path) = given {
            return Self::read(path)?.ok_or_else(|| HelperError::NotStatic {
                path: path.to_owned(),
            });
        }
        let Ok(own) = std::env::current_exe() else {
            return Err(HelperError::NoProgram);
        };
        // Another program that uses the library couldn't be asked to help.
        let named = |path: &Path| path.file_name() == Some(OsStr::new("transship"));
        if named(&own)
            && let Some(program) = Self::read(&own)?
        {
            return Ok(program);
        }
        match Self::read(&own.with_file_name(BESIDE)) {
            Ok(Some(program)) => Ok(program),
            _ => Err(HelperError::NoProgram),
        }
    }

    /// Nothing where it isn't static.
    fn read(path: &Path) -> Result<Option<Self>, HelperError> {
        let fail = |source| HelperError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let size = fs::metadata(path).map_err(fail)?.len();
        if size > LARGEST {
            return Ok(None);
        }
        let mut file = File::open(path).map_err(fail)?;
        let (layer, program) = packed(&mut file, size).map_err(fail)?;
        Ok(static_machine(&layer[program]).map(|machine| Self {
            path: path.to_owned(),
            layer,
            machine,
        }))
    }

    /// That of the layer, which tells it from every other program's.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.layer)
    }
}

/// The program in a tar archive, and where in there it is: read once, since it is some
/// megabytes that somebody waits for.
fn packed(program: &mut impl Read, size: u64) -> io::Result<(Vec<u8>, Range<usize>)> {
    const BLOCK: usize = 512;
    let mut header = tar::Header::new_ustar();
    header.set_path("transship")?;
    header.set_size(size);
    header.set_mode(0o755);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut layer = Vec::new();
    let room = usize::try_from(size).unwrap_or_default() + 4 * BLOCK;
    layer.reserve_exact(room);
    layer.extend_from_slice(header.as_bytes());
    let read = program.take(size).read_to_end(&mut layer)?;
    if read as u64 != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let program = BLOCK..BLOCK + read;
    // Two empty blocks end an archive.
    let length = program.end.next_multiple_of(BLOCK) + 2 * BLOCK;
    layer.resize(length, 0);
    Ok((layer, program))
}

/// The processor that an ELF program is for, if it needs no interpreter (a dynamic linker);
/// nothing for everything else.
fn static_machine(bytes: &[u8]) -> Option<&'static str> {
    const INTERPRETER: u32 = 3;
    let elf = Elf::new(bytes)?;
    let dynamic = elf.segments()?.contains(&INTERPRETER);
    (!dynamic).then(|| elf.machine()).flatten()
}

/// The header of an ELF file (System V ABI, chapter 4).
struct Elf<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl<'a> Elf<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let [0x7f, b'E', b'L', b'F', class, data, ..] = bytes else {
            return None;
        };
        Some(Self {
            bytes,
            wide: *class == 2,
            little: *data == 1,
        })
    }

    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// The types of the program's segments.
    fn segments(&self) -> Option<Vec<u32>> {
        let (at, size, count) = if self.wide {
            (self.number(32, 8)?, 54, 56)
        } else {
            (self.number(28, 4)?, 42, 44)
        };
        let (size, count) = (self.number(size, 2)?, self.number(count, 2)?);
        let segment = |n: u64| {
            let at = at.checked_add(n.checked_mul(size)?)?;
            u32::try_from(self.number(usize::try_from(at).ok()?, 4)?).ok()
        };
        (0..count).map(segment).collect()
    }

    /// As `uname -m` and `docker info` name it.
    fn machine(&self) -> Option<&'static str> {
        Some(match (self.number(18, 2)?, self.little) {
            (62, true) => "x86_64",
            (183, true) => "aarch64",
            (40, true) => "arm",
            (3, true) => "i386",
            (243, true) => "riscv64",
            (21, true) => "ppc64le",
            (22, false) => "s390x",
            _ => return None,
        })
    }
}

/// True if a program for `machine` runs where `docker info` says `engine`.
pub(super) fn runs_on(machine: &str, engine: &str) -> bool {
    let same = |names: &[&str]| names.contains(&machine) && names.contains(&engine);
    machine == engine
        || same(&["x86_64", "amd64"])
        || same(&["aarch64", "arm64"])
        || same(&["i386", "i686", "x86_64"]) && machine != "x86_64"
        || machine == "arm" && engine.starts_with("armv")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program of one segment.
    fn elf(machine: u8, segment: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[18], bytes[32], bytes[54], bytes[56]) = (machine, 64, 56, 1);
        bytes[64] = segment;
        bytes
    }

    #[test]
    fn a_program_is_static_if_it_asks_for_no_interpreter() {
        assert_eq!(static_machine(&elf(62, 1)), Some("x86_64"));
        assert_eq!(static_machine(&elf(183, 1)), Some("aarch64"));
        assert_eq!(static_machine(&elf(62, 3)), None);
    }

    #[test]
    fn what_is_no_program_or_cut_is_none() {
        assert_eq!(static_machine(b"#!/bin/sh\n"), None);
        assert_eq!(static_machine(b""), None);
        let whole = elf(62, 1);
        for length in 0..65 {
            assert_eq!(static_machine(&whole[..length]), None, "{length}");
        }
        let mut far = whole;
        far[32..40].copy_from_slice(&[0xff; 8]);
        assert_eq!(static_machine(&far), None);
    }

    #[test]
    fn the_running_test_is_dynamic_and_so_no_helper() {
        let own = std::env::current_exe().unwrap();
        assert!(
            HelperProgram::read(&own).unwrap().is_none() || cfg!(target_feature = "crt-static")
        );
    }

    #[test]
    fn a_program_runs_on_its_own_processor_only() {
        for (machine, engine) in [
            ("x86_64", "x86_64"),
            ("x86_64", "amd64"),
            ("aarch64", "arm64"),
            ("arm", "armv7l"),
            ("i386", "x86_64"),
        ] {
            assert!(runs_on(machine, engine), "{machine} on {engine}");
        }
        for (machine, engine) in [
            ("x86_64", "aarch64"),
            ("x86_64", "i686"),
            ("arm", "aarch64"),
        ] {
            assert!(!runs_on(machine, engine), "{machine} on {engine}");
        }
    }

    #[test]
    fn the_layer_has_the_program_and_nothing_else() {
        let program = elf(62, 1);
        let (layer, place) = packed(&mut program.as_slice(), program.len() as u64).unwrap();
        assert_eq!(layer[place], program);
        assert_eq!(layer.len() % 512, 0);
        let mut archive = tar::Archive::new(layer.as_slice());
        let mut entries = archive.entries().unwrap();
        let mut entry = entries.next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap(), Path::new("transship"));
        assert_eq!(entry.header().mode().unwrap(), 0o755);
        let mut found = Vec::new();
        entry.read_to_end(&mut found).unwrap();
        assert_eq!(found, program);
        assert!(entries.next().is_none());
        assert!(packed(&mut b"cut".as_slice(), 4).is_err());
    }
}
