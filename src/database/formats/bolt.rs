//! bbolt, the store of etcd and InfluxDB 2: whether it is one, and a value in it.
//!
//! <https://github.com/etcd-io/bbolt>, `internal/common`: a page is a header of 16 bytes (id
//! u64, flags u16, count u16, overflow u32) and its elements; pages 0 and 1 hold each the
//! meta (magic u32, version u32, page size u32, flags u32, root bucket u64 and u64, freelist
//! u64, pages u64, transaction u64, FNV-64a of all that). All is little-endian here.

use super::fields::{index, u16_le, u32_le, u64_le};

const MAGIC: u32 = 0xED0C_DAED;
const HEADER: usize = 16;
/// Trees are never so deep; a loop of pages is.
const DEEPEST: usize = 16;
/// A page and its overflow that are larger than this aren't read, in bytes.
const LARGEST_PAGE: usize = 256 * 1024;

/// Reads a piece of the file; fewer bytes where it ends.
pub(crate) type ReadAt<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// A store whose meta is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bolt {
    page_size: usize,
    root: u64,
    transaction: u64,
}

/// Where a bucket's elements are.
enum BoltTree {
    Page(u64),
    /// A small bucket is a page within its value.
    Inline(Vec<u8>),
}

impl Bolt {
    /// The newer of both metas that are whole.
    pub(crate) fn open(read: ReadAt<'_>) -> Option<Self> {
        // The first meta tells the page size; where it is damaged, sizes are tried.
        let sizes = [4096, 8192, 16384, 65536];
        let first = read(0, 512).and_then(|page| Self::meta(&page));
        let second = |size: usize| Self::meta(&read(size as u64, 512)?);
        let others = sizes.into_iter().filter_map(second);
        let found = first.into_iter().chain(others);
        found.max_by_key(|meta| meta.transaction)
    }

    fn meta(page: &[u8]) -> Option<Self> {
        const SUMMED: usize = 56;
        let meta = page.get(HEADER..)?;
        let sum = u64_le(meta, SUMMED)?;
        if u32_le(meta, 0)? != MAGIC || fnv64a(meta.get(..SUMMED)?) != sum {
            return None;
        }
        let page_size = index(u32_le(meta, 8)?)?;
        let fine = page_size.is_power_of_two() && (512..=65536).contains(&page_size);
        fine.then_some(Self {
            page_size,
            root: u64_le(meta, 16)?,
            transaction: u64_le(meta, 48)?,
        })
    }

    /// The value of `key` in the top-level bucket `bucket`.
    pub(crate) fn value(&self, read: ReadAt<'_>, bucket: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        const BUCKET: u32 = 1;
        let (flags, bucket) = self.find(read, BoltTree::Page(self.root), bucket)?;
        if flags & BUCKET == 0 {
            return None;
        }
        let tree = match u64_le(&bucket, 0)? {
            0 => BoltTree::Inline(bucket.get(16..)?.to_vec()),
            page => BoltTree::Page(page),
        };
        let (flags, value) = self.find(read, tree, key)?;
        (flags & BUCKET == 0).then_some(value)
    }

    fn find(&self, read: ReadAt<'_>, tree: BoltTree, key: &[u8]) -> Option<(u32, Vec<u8>)> {
        const BRANCH: u16 = 1;
        const LEAF: u16 = 2;
        let mut page = match tree {
            BoltTree::Page(number) => self.page(read, number)?,
            BoltTree::Inline(page) => page,
        };
        for _ in 0..DEEPEST {
            let (flags, count) = (u16_le(&page, 8)?, usize::from(u16_le(&page, 10)?));
            match flags {
                LEAF => return in_leaf(&page, count, key),
                BRANCH => page = self.page(read, in_branch(&page, count, key)?)?,
                _ => return None,
            }
        }
        None
    }

    /// A page with its overflow.
    fn page(&self, read: ReadAt<'_>, number: u64) -> Option<Vec<u8>> {
        let at = number.checked_mul(self.page_size as u64)?;
        let page = read(at, self.page_size)?;
        let overflow = index(u32_le(&page, 12)?)?;
        let size = self.page_size.checked_mul(overflow.checked_add(1)?)?;
        match overflow {
            0 => Some(page),
            _ if size > LARGEST_PAGE => None,
            _ => read(at, size),
        }
    }
}

/// Elements of a leaf: flags u32, position u32 from the element on, key size u32, value size
/// u32.
fn in_leaf(page: &[u8], count: usize, wanted: &[u8]) -> Option<(u32, Vec<u8>)> {
    for number in 0..count {
        let element = HEADER + 16 * number;
        let field = |at: usize| index(u32_le(page, element + at)?);
        let begin = element.checked_add(field(4)?)?;
        let middle = begin.checked_add(field(8)?)?;
        let end = middle.checked_add(field(12)?)?;
        if page.get(begin..middle)? == wanted {
            return Some((u32_le(page, element)?, page.get(middle..end)?.to_vec()));
        }
    }
    None
}

/// Elements of a branch: position u32, key size u32, page u64; the last whose key isn't
/// greater leads on.
fn in_branch(page: &[u8], count: usize, wanted: &[u8]) -> Option<u64> {
    let mut next = None;
    for number in 0..count {
        let element = HEADER + 16 * number;
        let field = |at: usize| index(u32_le(page, element + at)?);
        let begin = element.checked_add(field(0)?)?;
        let key = page.get(begin..begin.checked_add(field(4)?)?)?;
        if next.is_some() && key > wanted {
            break;
        }
        next = Some(u64_le(page, element + 8)?);
    }
    next
}

fn fnv64a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn page(number: u64, flags: u16, elements: &[(u32, &[u8], &[u8])]) -> Vec<u8> {
        let mut page = number.to_le_bytes().to_vec();
        page.extend(flags.to_le_bytes());
        page.extend(u16::try_from(elements.len()).unwrap().to_le_bytes());
        page.extend([0; 4]);
        let mut data = Vec::new();
        for (number, (flags, key, value)) in elements.iter().enumerate() {
            let position = 16 * (elements.len() - number) + data.len();
            for field in [position, key.len(), value.len()] {
                if page.len().is_multiple_of(16) {
                    page.extend(flags.to_le_bytes());
                }
                page.extend(u32::try_from(field).unwrap().to_le_bytes());
            }
            data.extend([*key, *value].concat());
        }
        page.extend(data);
        page
    }

    fn meta(number: u64, root: u64, transaction: u64) -> Vec<u8> {
        let mut meta = Vec::new();
        for field in [MAGIC, 2, 4096, 0] {
            meta.extend(field.to_le_bytes());
        }
        for field in [root, 0, 2, 4, transaction] {
            meta.extend(u64::to_le_bytes(field));
        }
        let sum = fnv64a(&meta);
        meta.extend(sum.to_le_bytes());
        [page(number, 4, &[]), meta].concat()
    }

    /// A store with one bucket, inline as small ones are.
    pub(crate) fn store(bucket: &str, key: &str, value: &str) -> Vec<u8> {
        let inner = page(0, 2, &[(0, key.as_bytes(), value.as_bytes())]);
        let inline = [vec![0; 16], inner].concat();
        let pages = [
            meta(0, 9, 1),
            meta(1, 3, 2),
            page(2, 0x10, &[]),
            page(3, 2, &[(1, bucket.as_bytes(), &inline)]),
        ];
        let whole = pages.into_iter().flat_map(|mut page| {
            page.resize(4096, 0);
            page
        });
        whole.collect()
    }

    fn reader(store: &[u8]) -> impl Fn(u64, usize) -> Option<Vec<u8>> + '_ {
        |at, most| {
            let rest = store.get(usize::try_from(at).ok()?..)?;
            Some(rest[..rest.len().min(most)].to_vec())
        }
    }

    #[test]
    fn a_value_is_found_by_the_newer_meta() {
        let store = store("cluster", "clusterVersion", "3.5.0");
        let read = reader(&store);
        let bolt = Bolt::open(&read).unwrap();
        assert_eq!(bolt.transaction, 2);
        assert_eq!(
            bolt.value(&read, b"cluster", b"clusterVersion"),
            Some(b"3.5.0".to_vec())
        );
        assert_eq!(bolt.value(&read, b"cluster", b"nope"), None);
        assert_eq!(bolt.value(&read, b"nope", b"x"), None);
    }

    #[test]
    fn a_store_whose_first_page_is_damaged_has_a_second_meta() {
        let mut store = store("cluster", "clusterVersion", "3.5.0");
        store[20] ^= 1;
        assert!(Bolt::open(&reader(&store)).is_some());
        store[4096 + 20] ^= 1;
        assert_eq!(Bolt::open(&reader(&store)), None);
    }

    #[test]
    fn pages_that_lead_in_a_circle_end() {
        let mut looped = store("cluster", "clusterVersion", "3.5.0");
        let branch = page(3, 1, &[(0, b"", b"")]);
        looped[3 * 4096..][..branch.len()].copy_from_slice(&branch);
        looped[3 * 4096 + 16 + 8] = 3;
        let read = reader(&looped);
        let bolt = Bolt::open(&read).unwrap();
        assert_eq!(bolt.value(&read, b"cluster", b"clusterVersion"), None);
    }
}
