//! The first message of TLS (RFC 8446, 4.1.2): whom it is for, which is told before anything is secret.

use super::heard::plain;

/// The longest record that is waited for, in bytes: 16 KiB and its header.
pub(super) const LONGEST_RECORD: usize = (16 << 10) + 5;

/// Whether the bytes may be the beginning of TLS.
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 3, ..] | [0x16])
}

/// Whether the first record is there in full.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let length = bytes.get(3..5).map(number);
    length.is_some_and(|length| bytes.len() >= 5 + length) || bytes.len() >= LONGEST_RECORD
}

/// The name of the server that a client's hello is for, if it tells one.
pub(super) fn server_name(bytes: &[u8]) -> Option<String> {
    const CLIENT_HELLO: u8 = 1;
    let length = bytes.get(3..5).map(number)?;
    let mut record = Bytes(bytes.get(5..)?.get(..length)?);
    if record.take(1)? != [CLIENT_HELLO] {
        return None;
    }
    let mut hello = Bytes(record.sized(3)?);
    // A version, and random bytes.
    hello.take(2 + 32)?;
    hello.sized(1)?;
    hello.sized(2)?;
    hello.sized(1)?;
    let mut extensions = Bytes(hello.sized(2)?);
    while !extensions.0.is_empty() {
        let kind = number(extensions.take(2)?);
        let body = extensions.sized(2)?;
        if kind == 0 {
            let mut names = Bytes(Bytes(body).sized(2)?);
            let is_host = names.take(1)? == [0];
            let name = names.sized(2)?;
            return is_host.then(|| plain(name).to_ascii_lowercase());
        }
    }
    None
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Bytes that are taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    /// What stands behind its own length, which takes `width` bytes.
    fn sized(&mut self, width: usize) -> Option<&'a [u8]> {
        let length = number(self.take(width)?);
        self.take(length)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn sized(width: usize, bytes: &[u8]) -> Vec<u8> {
        let length = (bytes.len() as u64).to_be_bytes();
        [&length[8 - width..], bytes].concat()
    }

    /// A client's hello for this server.
    pub(in super::super) fn hello(name: Option<&str>) -> Vec<u8> {
        let mut extensions = [&[0, 43][..], &sized(2, &[2, 3, 4])].concat();
        if let Some(name) = name {
            let names = [&[0][..], &sized(2, name.as_bytes())].concat();
            extensions.extend([0, 0]);
            extensions.extend(sized(2, &sized(2, &names)));
        }
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend(sized(1, &[9; 32]));
        body.extend(sized(2, &[0x13, 1]));
        body.extend(sized(1, &[0]));
        body.extend(sized(2, &extensions));
        let message = [&[1][..], &sized(3, &body)].concat();
        [&[0x16, 3, 1][..], &sized(2, &message)].concat()
    }

    #[test]
    fn whom_a_hello_is_for_is_read_of_it() {
        for (name, expect) in [
            (Some("API.example.com"), Some("api.example.com")),
            (Some("a\u{1b}b"), Some("a\u{fffd}b")),
            (None, None),
        ] {
            let bytes = hello(name);
            assert!(is_tls(&bytes) && is_whole(&bytes));
            assert_eq!(server_name(&bytes).as_deref(), expect);
        }
    }

    #[test]
    fn a_hello_that_is_cut_or_bent_names_nobody_and_harms_nobody() {
        let whole = hello(Some("api.example.com"));
        for length in 0..whole.len() {
            assert!(!is_whole(&whole[..length]), "{length}");
            assert_eq!(server_name(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut bent = whole.clone();
                bent[at] = byte;
                let name = server_name(&bent).unwrap_or_default();
                assert!(name.len() <= whole.len() * 3, "{at} {byte}: {name}");
            }
        }
        assert!(!is_tls(b"GET / HTTP/1.1") && !is_tls(b""));
    }
}
