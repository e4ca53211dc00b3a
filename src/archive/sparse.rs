//! Sparse files, in the four ways in which GNU tar writes them: in the header (the old
//! format), and in pax records of the versions 0.0, 0.1 and 1.0, the last of which has its map
//! before the data (GNU tar, "Storing Sparse Files").

use std::ops::Range;

use super::pax::decimal;

/// More pieces than an honest file has. One of 100 GB, written at random, has less.
pub(super) const MOST_RANGES: usize = 1 << 20;

/// The records `GNU.sparse.*` of one header.
#[derive(Debug, Default)]
pub(super) struct SparseRecords {
    major: Option<u64>,
    minor: Option<u64>,
    name: Option<Vec<u8>>,
    /// `size` of 0.0 and 0.1, `realsize` of 1.0.
    size: Option<u64>,
    real_size: Option<u64>,
    count: Option<u64>,
    /// Offsets and lengths, one after the other.
    numbers: Vec<u64>,
    has_map: bool,
}

/// How a sparse file is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sparse {
    /// No extended header says that the file is sparse; its type `S` still may.
    No,
    /// The header says where its data are.
    Mapped(SparseMap),
    /// What follows begins with the map; the name and the size with all holes are these.
    MapFollows(Vec<u8>, u64),
}

/// Where the data of a sparse file are, in order and apart, and its size with all holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SparseMap {
    pub data: Vec<Range<u64>>,
    pub size: u64,
    /// The name of the file, where it isn't that of the member.
    pub name: Option<Vec<u8>>,
}

pub(super) const ODD_SPARSE: &str = "a sparse file that can't be understood";

impl SparseRecords {
    /// A record whose key begins with `GNU.`, without that.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let number = || decimal(value).ok_or(ODD_SPARSE);
        let place = match key {
            b"sparse.major" => &mut self.major,
            b"sparse.minor" => &mut self.minor,
            b"sparse.size" => &mut self.size,
            b"sparse.realsize" => &mut self.real_size,
            b"sparse.numblocks" => &mut self.count,
            b"sparse.name" => {
                let is_odd = value.is_empty() || value.contains(&0);
                return match self.name.replace(value.to_vec()) {
                    None if !is_odd => Ok(()),
                    _ => Err(ODD_SPARSE),
                };
            }
            b"sparse.offset" if self.numbers.len().is_multiple_of(2) && !self.has_map => {
                self.numbers.push(number()?);
                return self.check_count();
            }
            b"sparse.numbytes" if !self.numbers.len().is_multiple_of(2) && !self.has_map => {
                self.numbers.push(number()?);
                return self.check_count();
            }
            b"sparse.map" if self.numbers.is_empty() && !self.has_map => {
                self.has_map = true;
                let numbers = value.split(|byte| *byte == b',').map(decimal);
                self.numbers = numbers.collect::<Option<_>>().ok_or(ODD_SPARSE)?;
                return self.check_count();
            }
            _ => return Err("with a record of GNU tar that isn't known"),
        };
        match place.replace(number()?) {
            None => Ok(()),
            Some(_) => Err(ODD_SPARSE),
        }
    }

    fn check_count(&self) -> Result<(), &'static str> {
        if self.numbers.len() / 2 > MOST_RANGES {
            return Err("a sparse file of too many pieces");
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let numbers = [
            self.major,
            self.minor,
            self.size,
            self.real_size,
            self.count,
        ];
        numbers.iter().all(Option::is_none)
            && self.name.is_none()
            && self.numbers.is_empty()
            && !self.has_map
    }

    /// What they come to.
    pub(super) fn understood(self) -> Result<Sparse, &'static str> {
        if self.is_empty() {
            return Ok(Sparse::No);
        }
        let is_version_1 = (self.major, self.minor) == (Some(1), Some(0));
        if is_version_1 {
            let is_odd = self.size.is_some() || self.count.is_some() || !self.numbers.is_empty();
            return match (self.name, self.real_size) {
                (Some(name), Some(size)) if !is_odd => Ok(Sparse::MapFollows(name, size)),
                _ => Err(ODD_SPARSE),
            };
        }
        // 0.0 has no name of its own, 0.1 has one; both may say their version.
        let is_version_0 = matches!(
            (self.major, self.minor),
            (None, None) | (Some(0), Some(0 | 1))
        );
        let (Some(size), Some(count), true, None) =
            (self.size, self.count, is_version_0, self.real_size)
        else {
            return Err(ODD_SPARSE);
        };
        if self.numbers.len() as u64 != count.saturating_mul(2) {
            return Err(ODD_SPARSE);
        }
        SparseMap::new(&self.numbers, size, self.name).map(Sparse::Mapped)
    }
}

impl SparseMap {
    /// Of offsets and lengths in turn.
    pub(super) fn new(
        numbers: &[u64],
        size: u64,
        name: Option<Vec<u8>>,
    ) -> Result<Self, &'static str> {
        let pairs = numbers.chunks_exact(2);
        let ranges = pairs.map(|pair| Some(pair[0]..pair[0].checked_add(pair[1])?));
        let data = ranges.collect::<Option<Vec<_>>>().ok_or(ODD_SPARSE)?;
        Self::of(data, size, name)
    }

    /// Of ranges, which have to be in order and within the size.
    pub(super) fn of(
        data: Vec<Range<u64>>,
        size: u64,
        name: Option<Vec<u8>>,
    ) -> Result<Self, &'static str> {
        let mut end = 0;
        for range in &data {
            if range.start < end || range.end > size {
                return Err(ODD_SPARSE);
            }
            end = range.end;
        }
        Ok(Self { data, size, name })
    }

    /// How many bytes of data there are.
    pub(super) fn stored(&self) -> u64 {
        self.data.iter().map(|range| range.end - range.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(records: &[(&str, &str)]) -> Result<Sparse, &'static str> {
        let mut all = SparseRecords::default();
        for (key, value) in records {
            all.add(format!("sparse.{key}").as_bytes(), value.as_bytes())?;
        }
        all.understood()
    }

    #[test]
    fn three_versions_are_understood() {
        let map = |name: Option<&str>| {
            Sparse::Mapped(SparseMap {
                data: vec![0..4, 8..10],
                size: 16,
                name: name.map(|name| name.as_bytes().to_vec()),
            })
        };
        let old = [
            ("size", "16"),
            ("numblocks", "2"),
            ("offset", "0"),
            ("numbytes", "4"),
            ("offset", "8"),
            ("numbytes", "2"),
        ];
        assert_eq!(understood(&old), Ok(map(None)));
        let newer = [
            ("name", "f"),
            ("size", "16"),
            ("numblocks", "2"),
            ("map", "0,4,8,2"),
        ];
        assert_eq!(understood(&newer), Ok(map(Some("f"))));
        let newest = [
            ("major", "1"),
            ("minor", "0"),
            ("name", "f"),
            ("realsize", "16"),
        ];
        assert_eq!(
            understood(&newest),
            Ok(Sparse::MapFollows(b"f".to_vec(), 16))
        );
        assert_eq!(understood(&[]), Ok(Sparse::No));
    }

    #[test]
    fn what_doesn_t_add_up_is_refused() {
        for bad in [
            &[("size", "16")][..],
            &[("size", "16"), ("numblocks", "2"), ("map", "0,4")],
            &[("size", "16"), ("numblocks", "1"), ("map", "0,4,8")],
            &[("size", "16"), ("numblocks", "1"), ("map", "15,4")],
            &[("size", "16"), ("numblocks", "2"), ("map", "8,2,0,4")],
            &[("size", "16"), ("numblocks", "2"), ("map", "0,4,2,4")],
            &[
                ("size", "16"),
                ("numblocks", "1"),
                ("map", "18446744073709551615,4"),
            ],
            &[("offset", "1"), ("offset", "2")],
            &[("numbytes", "1")],
            &[
                ("major", "2"),
                ("minor", "0"),
                ("name", "f"),
                ("realsize", "1"),
            ],
            &[("major", "1"), ("minor", "0"), ("name", "f")],
            &[("realsize", "1"), ("realsize", "1")],
        ] {
            assert!(understood(bad).is_err(), "{bad:?}");
        }
    }
}
