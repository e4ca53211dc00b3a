//! `global/pg_control`, as `src/include/catalog/pg_control.h` lays it out on 64 bits; the
//! same offsets from 13 to 18 but for the sum, which is at 288, and at 292 in 18.

use crate::database::ShutdownState;
use crate::database::formats::crc32c::Crc32c;
use crate::database::formats::fields::{bytes, u32_be, u32_le, u64_be, u64_le};

/// The size of the file in bytes, and enough of it.
pub(super) const SIZE: usize = 8192;

/// What is read of a control file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Control {
    pub system_identifier: u64,
    /// Of the file's own format: 1300 from 13 to 16.
    pub version: u32,
    pub catalog: u32,
    pub order: ByteOrder,
    pub checked: Checked,
    /// None where the offsets aren't known for this version.
    pub checksums: Option<u32>,
    pub block_size: Option<u32>,
    pub wal_segment_size: Option<u32>,
    state: u32,
}

/// The order of bytes of the machine that wrote it; files go to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// Whether the file's own sum is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    Good,
    Bad,
    /// Where it is isn't known for this version and machine.
    Unknown,
}

impl ByteOrder {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Little => "little-endian (x86, ARM)",
            Self::Big => "big-endian",
        }
    }

    fn u32(self, data: &[u8], at: usize) -> Option<u32> {
        match self {
            Self::Little => u32_le(data, at),
            Self::Big => u32_be(data, at),
        }
    }
}

/// Which versions have the offsets that are read here, and where the sum is.
const fn sum_at(version: u32) -> Option<usize> {
    match version {
        1300 | 1700 => Some(288),
        1800 => Some(292),
        _ => None,
    }
}

impl Control {
    /// Reads the file; nothing where it is too short or says nonsense.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let version = u32_le(data, 8)?;
        // As Postgres itself tells: a version has nothing in its upper half.
        let order = match (version & 0xffff, version >> 16) {
            (_, 0) => ByteOrder::Little,
            (0, _) => ByteOrder::Big,
            _ => return None,
        };
        let version = order.u32(data, 8)?;
        // 8.3, and what may come.
        if !(800..10_000).contains(&version) || data.len() < 296 {
            return None;
        }
        let checked = checked(data, version, order);
        let known = |at| sum_at(version).and_then(|_| order.u32(data, at));
        Some(Self {
            system_identifier: match order {
                ByteOrder::Little => u64_le(data, 0)?,
                ByteOrder::Big => u64_be(data, 0)?,
            },
            version,
            catalog: order.u32(data, 12)?,
            state: order.u32(data, 16)?,
            order,
            checked,
            checksums: known(252).filter(|_| checked == Checked::Good),
            block_size: known(216).filter(|_| checked == Checked::Good),
            wal_segment_size: known(228).filter(|_| checked == Checked::Good),
        })
    }

    /// How the cluster was left, and Postgres's words for it.
    pub(super) fn state(&self) -> (ShutdownState, &'static str) {
        match self.checked {
            Checked::Good => {}
            Checked::Bad => return (ShutdownState::Damaged, "the control file's sum is wrong"),
            Checked::Unknown => {
                return (
                    ShutdownState::Unknown,
                    "the control file is of a version or machine that isn't known",
                );
            }
        }
        match self.state {
            0 => (ShutdownState::Unclean, "starting up"),
            1 => (ShutdownState::Clean, "shut down"),
            2 => (ShutdownState::Clean, "shut down in recovery"),
            3 => (ShutdownState::Unclean, "shutting down"),
            4 => (ShutdownState::Unclean, "in crash recovery"),
            5 => (ShutdownState::Unclean, "in archive recovery"),
            6 => (
                ShutdownState::Unclean,
                "in production: it runs, or was killed",
            ),
            _ => (ShutdownState::Unknown, "in a state that isn't known"),
        }
    }
}

fn checked(data: &[u8], version: u32, order: ByteOrder) -> Checked {
    let is_sum = |crc: Crc32c, at| order.u32(data, at) == Some(crc.value());
    if let Some(at) = sum_at(version) {
        // 32-bit machines that align less have it elsewhere: then it is as with other versions.
        if float_at(data, order) {
            let mut crc = Crc32c::new();
            crc.add(&data[..at]);
            return if is_sum(crc, at) {
                Checked::Good
            } else {
                Checked::Bad
            };
        }
    }
    // Where a sum of all before it stands, that is the sum.
    let mut crc = Crc32c::new();
    let mut at = 200;
    crc.add(&data[..at]);
    while at + 4 <= data.len().min(512) {
        if is_sum(crc, at) {
            return Checked::Good;
        }
        crc.add(&data[at..at + 4]);
        at += 4;
    }
    if sum_at(version).is_some() {
        Checked::Bad
    } else {
        Checked::Unknown
    }
}

/// The number that Postgres writes to know the layout again.
fn float_at(data: &[u8], order: ByteOrder) -> bool {
    let float = bytes(data, 208).map(|bytes| match order {
        ByteOrder::Little => f64::from_le_bytes(bytes),
        ByteOrder::Big => f64::from_be_bytes(bytes),
    });
    float.is_some_and(|float| float.to_bits() == 1_234_567.0_f64.to_bits())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A control file of this version in this state; offsets as `pg_controldata` of 15 and 18
    /// confirmed them on clusters of theirs (`tests/inspect`).
    pub(crate) fn control_file(version: u32, state: u32) -> Vec<u8> {
        let mut file = vec![0; SIZE];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &7_000_000_000_000_000_001_u64.to_le_bytes());
        put(8, &version.to_le_bytes());
        put(12, &202_209_061_u32.to_le_bytes());
        put(16, &state.to_le_bytes());
        put(208, &1_234_567.0_f64.to_le_bytes());
        put(216, &8192_u32.to_le_bytes());
        put(228, &(16_u32 << 20).to_le_bytes());
        put(252, &1_u32.to_le_bytes());
        let at = sum_at(version).unwrap_or(280);
        let mut crc = Crc32c::new();
        crc.add(&file[..at]);
        file[at..at + 4].copy_from_slice(&crc.value().to_le_bytes());
        file
    }

    #[test]
    fn a_version_to_come_is_believed_for_its_sum_and_no_further() {
        let file = control_file(1900, 1);
        let control = Control::parse(&file).unwrap();
        assert_eq!(control.state(), (ShutdownState::Clean, "shut down"));
        assert_eq!(control.checksums, None);
        let mut other = file;
        other[24] ^= 1;
        let control = Control::parse(&other).unwrap();
        assert_eq!(control.state().0, ShutdownState::Unknown);
    }

    #[test]
    fn a_file_of_a_big_endian_machine_is_read_as_that() {
        let mut file = control_file(1300, 1);
        for (at, width) in [
            (0, 8),
            (8, 4),
            (12, 4),
            (16, 4),
            (208, 8),
            (216, 4),
            (228, 4),
            (252, 4),
        ] {
            file[at..at + width].reverse();
        }
        let mut crc = Crc32c::new();
        crc.add(&file[..288]);
        file[288..292].copy_from_slice(&crc.value().to_be_bytes());
        let control = Control::parse(&file).unwrap();
        assert_eq!(control.order, ByteOrder::Big);
        assert_eq!(control.system_identifier, 7_000_000_000_000_000_001);
        assert_eq!(control.state().0, ShutdownState::Clean);
    }

    #[test]
    fn every_flipped_byte_of_what_is_summed_is_noticed() {
        let file = control_file(1800, 1);
        for at in (0..8).chain(12..292) {
            let mut other = file.clone();
            other[at] ^= 0x40;
            let clean = Control::parse(&other)
                .is_some_and(|control| control.state().0 == ShutdownState::Clean);
            assert!(!clean, "byte {at}");
        }
    }
}
