//! BSON, as far as a text at a path: <https://bsonspec.org/spec.html>.

use super::fields::{index, plain, u32_le};

/// How deep documents are entered; deeper ones are nobody's.
const DEEPEST: usize = 8;

/// The short text at `path` in the document that `data` begins with.
pub(crate) fn text_at(data: &[u8], path: &[&str]) -> Option<String> {
    if path.is_empty() || path.len() > DEEPEST {
        return None;
    }
    let mut document = body(data)?;
    for (number, name) in path.iter().enumerate() {
        let (kind, value) = element(document, name.as_bytes())?;
        let is_last = number + 1 == path.len();
        match kind {
            0x03 if !is_last => document = body(value)?,
            0x02 if is_last => {
                let length = index(u32_le(value, 0)?)?;
                return plain(value.get(4..4 + length.checked_sub(1)?)?);
            }
            _ => return None,
        }
    }
    None
}

/// The elements of a document: without its length and its end.
fn body(data: &[u8]) -> Option<&[u8]> {
    let length = index(u32_le(data, 0)?)?;
    // What is there of a document that was cut is good enough to look into.
    data.get(4..length.min(data.len()))
}

/// The type and value of an element by its name.
fn element<'a>(mut elements: &'a [u8], wanted: &[u8]) -> Option<(u8, &'a [u8])> {
    loop {
        let (kind, rest) = elements.split_first().filter(|(kind, _)| **kind != 0)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (name, value) = (&rest[..end], &rest[end + 1..]);
        if name == wanted {
            return Some((*kind, value));
        }
        elements = value.get(size(*kind, value)?..)?;
    }
}

/// How long a value is, in bytes.
fn size(kind: u8, value: &[u8]) -> Option<usize> {
    let counted = |more: usize| index(u32_le(value, 0)?)?.checked_add(more);
    match kind {
        0x06 | 0x0a | 0x7f | 0xff => Some(0),
        0x08 => Some(1),
        0x10 => Some(4),
        0x01 | 0x09 | 0x11 | 0x12 => Some(8),
        0x07 => Some(12),
        0x13 => Some(16),
        0x02 | 0x0d | 0x0e => counted(4),
        0x05 => counted(5),
        0x0c => counted(16),
        // A document's length counts itself; one that doesn't move on ends the search.
        0x03 | 0x04 | 0x0f => counted(0).filter(|size| *size >= 4),
        0x0b => {
            let mut ends = value.iter().enumerate().filter(|(_, byte)| **byte == 0);
            ends.nth(1).map(|(at, _)| at + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn text(name: &str, value: &str) -> Vec<u8> {
        let length = u32::try_from(value.len() + 1).unwrap();
        let mut bytes = [&[0x02], name.as_bytes(), &[0]].concat();
        bytes.extend(length.to_le_bytes());
        bytes.extend(value.as_bytes());
        bytes.push(0);
        bytes
    }

    pub(crate) fn document(elements: &[Vec<u8>]) -> Vec<u8> {
        let elements = elements.concat();
        let length = u32::try_from(elements.len() + 5).unwrap();
        [&length.to_le_bytes()[..], &elements, &[0]].concat()
    }

    pub(crate) fn nested(name: &str, elements: &[Vec<u8>]) -> Vec<u8> {
        [&[0x03], name.as_bytes(), &[0], &document(elements)].concat()
    }

    #[test]
    fn a_text_is_found_behind_values_of_every_type() {
        let mut before = Vec::new();
        for (kind, value) in [
            (0x01, vec![0; 8]),
            (0x05, vec![2, 0, 0, 0, 0, 9, 9]),
            (0x07, vec![0; 12]),
            (0x08, vec![1]),
            (0x09, vec![0; 8]),
            (0x0a, vec![]),
            (0x0b, b"a\0i\0".to_vec()),
            (0x10, vec![0; 4]),
            (0x13, vec![0; 16]),
        ] {
            before.push([vec![kind, b'k', 0], value].concat());
        }
        before.push(nested("doc", &[text("engine", "wiredTiger")]));
        let bytes = document(&before);
        assert_eq!(
            text_at(&bytes, &["doc", "engine"]).as_deref(),
            Some("wiredTiger")
        );
        assert_eq!(text_at(&bytes, &["doc"]), None);
        assert_eq!(text_at(&bytes, &["doc", "engine", "x"]), None);
    }

    #[test]
    fn a_document_that_does_not_move_on_ends() {
        let stuck = [&[30, 0, 0, 0][..], &[0x03, b'a', 0, 0, 0, 0, 0], &[0; 20]].concat();
        assert_eq!(text_at(&stuck, &["b"]), None);
    }
}
