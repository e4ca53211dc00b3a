//! Questions of DNS (RFC 1035), and answers that lead to one address.

use std::net::Ipv4Addr;

/// A header's length, in bytes.
const HEADER: usize = 12;
/// The longest name, in bytes.
const LONGEST: usize = 255;
/// How long an answer may be believed, in seconds.
const BELIEVED: u32 = 5;

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DnsQuestion {
    /// The name, in lower case, without the dot at its end.
    pub(super) name: String,
    /// `A`, `MX` and the like; `TYPE65` where it has no name here.
    pub(super) kind: String,
    is_address: bool,
    /// Where it ends in its packet.
    end: usize,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DnsAnswer {
    /// There is no such name.
    NoSuchName,
    /// The name leads to this address, and has nothing else.
    Address(Ipv4Addr),
}

/// The first question of a packet; nothing where it is none.
pub(super) fn question(packet: &[u8]) -> Option<DnsQuestion> {
    let (flags, count) = (word(packet, 2)?, word(packet, 4)?);
    // Neither an answer nor another kind of query.
    let is_query = flags & 0xf800 == 0;
    if !is_query || count == 0 {
        return None;
    }
    let mut at = HEADER;
    let mut name = String::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => {
                let label = packet.get(at..at + length)?;
                at += length;
                if at - HEADER > LONGEST {
                    return None;
                }
                if !name.is_empty() {
                    name.push('.');
                }
                name.extend(label.iter().map(|byte| letter(*byte)));
            }
            // There is nothing before it that it could lead back to.
            _ => return None,
        }
    }
    let (kind, class) = (word(packet, at)?, word(packet, at + 2)?);
    let is_internet = class == 1;
    Some(DnsQuestion {
        name,
        kind: name_of(kind),
        is_address: is_internet && matches!(kind, 1 | 255),
        end: at + 4,
    })
}

/// The answer to the packet's question.
pub(super) fn answer(packet: &[u8], question: &DnsQuestion, answer: DnsAnswer) -> Vec<u8> {
    let address = match answer {
        DnsAnswer::Address(address) if question.is_address => Some(address),
        _ => None,
    };
    let code: u16 = match answer {
        DnsAnswer::NoSuchName => 3,
        DnsAnswer::Address(_) => 0,
    };
    let asked = packet.get(HEADER..question.end).unwrap_or_default();
    let wants_recursion = word(packet, 2).unwrap_or_default() & 0x0100;
    let mut out = packet.get(..2).unwrap_or_default().to_vec();
    // An answer, by who does recursion.
    push(&mut out, 0x8080 | wants_recursion | code);
    push(&mut out, 1);
    push(&mut out, u16::from(address.is_some()));
    push(&mut out, 0);
    push(&mut out, 0);
    out.extend_from_slice(asked);
    if let Some(address) = address {
        // The name of the question, which begins behind the header.
        push(&mut out, 0xc00c);
        push(&mut out, 1);
        push(&mut out, 1);
        out.extend_from_slice(&BELIEVED.to_be_bytes());
        push(&mut out, 4);
        out.extend_from_slice(&address.octets());
    }
    out
}

/// The question for the IPv4 addresses of a name; nothing where it is none.
pub(in crate::rehearsal) fn asking(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // The third: whoever answers is to ask on.
    for word in [id, 0x0100, 1, 0, 0, 0] {
        push(&mut out, word);
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok();
        out.push(length.filter(|length| (1..=63).contains(length))?);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    if out.len() - HEADER > LONGEST {
        return None;
    }
    push(&mut out, 1);
    push(&mut out, 1);
    Some(out)
}

/// The IPv4 addresses that an answer gives; none where it isn't one.
pub(in crate::rehearsal) fn addresses(packet: &[u8]) -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    let _ = each_address(packet, &mut found);
    found
}

/// As far as the packet makes sense.
fn each_address(packet: &[u8], found: &mut Vec<Ipv4Addr>) -> Option<()> {
    let (questions, answers) = (word(packet, 4)?, word(packet, 6)?);
    let mut at = HEADER;
    for _ in 0..questions {
        at = after_name(packet, at)?.checked_add(4)?;
    }
    for _ in 0..answers {
        at = after_name(packet, at)?;
        let (kind, class, length) = (
            word(packet, at)?,
            word(packet, at + 2)?,
            word(packet, at + 8)?,
        );
        let data = packet.get(at + 10..at + 10 + usize::from(length))?;
        if let (1, 1, &[a, b, c, d]) = (kind, class, data) {
            found.push(Ipv4Addr::new(a, b, c, d));
        }
        at += 10 + usize::from(length);
    }
    Some(())
}

/// Where a name that begins at `at` has ended.
fn after_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*packet.get(at)?) {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + length,
            // It goes on elsewhere, and ends here.
            192.. => return Some(at + 2),
            _ => return None,
        }
    }
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    let bytes = packet.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn push(out: &mut Vec<u8>, word: u16) {
    out.extend_from_slice(&word.to_be_bytes());
}

fn letter(byte: u8) -> char {
    match byte {
        b'!'..=b'~' => char::from(byte.to_ascii_lowercase()),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

fn name_of(kind: u16) -> String {
    let name = match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        64 => "SVCB",
        65 => "HTTPS",
        255 => "ANY",
        _ => return format!("TYPE{kind}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_understood_and_its_answer_too() {
        let asked = asking(7, "shop-db").unwrap();
        let question = question(&asked).unwrap();
        assert_eq!(
            (question.name.as_str(), question.kind.as_str()),
            ("shop-db", "A")
        );
        let address = Ipv4Addr::new(172, 20, 0, 3);
        let given = answer(&asked, &question, DnsAnswer::Address(address));
        assert_eq!(addresses(&given), [address]);
        let none = answer(&asked, &question, DnsAnswer::NoSuchName);
        assert!(addresses(&none).is_empty());
        for cut in 0..given.len() {
            assert!(addresses(&given[..cut]).is_empty(), "{cut}");
        }
        for name in ["", "a..b", &"x".repeat(64), &"abc.".repeat(70)] {
            assert_eq!(asking(1, name), None, "{name}");
        }
    }

    /// A query for a name, as a resolver sends it.
    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut packet = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            packet.push(u8::try_from(label.len()).unwrap());
            packet.extend(label.bytes());
        }
        packet.push(0);
        push(&mut packet, kind);
        push(&mut packet, 1);
        packet
    }

    #[test]
    fn a_question_has_a_name_and_a_kind() {
        for (name, kind, expect, shown) in [
            ("smtp.example.com", 1, "smtp.example.com", "A"),
            ("SMTP.Example.com", 28, "smtp.example.com", "AAAA"),
            ("x", 15, "x", "MX"),
            ("x", 99, "x", "TYPE99"),
            ("a b\u{7}", 1, "a\u{fffd}b\u{fffd}", "A"),
        ] {
            let found = question(&query(name, kind)).unwrap();
            assert_eq!((found.name.as_str(), found.kind.as_str()), (expect, shown));
        }
        let root = question(&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]).unwrap();
        assert_eq!(root.name, "");
    }

    #[test]
    fn an_address_is_answered_and_other_kinds_have_none() {
        let address = Ipv4Addr::new(172, 20, 0, 2);
        let asked = query("a.b", 1);
        let found = question(&asked).unwrap();
        let said = answer(&asked, &found, DnsAnswer::Address(address));
        assert_eq!(said[..12], [0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(said[12..asked.len()], asked[12..], "the question again");
        assert_eq!(
            said[asked.len()..],
            [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 172, 20, 0, 2]
        );

        let asked = query("a.b", 28);
        let found = question(&asked).unwrap();
        let said = answer(&asked, &found, DnsAnswer::Address(address));
        assert_eq!((said[3] & 15, said[7], said.len()), (0, 0, asked.len()));
        let said = answer(&asked, &found, DnsAnswer::NoSuchName);
        assert_eq!((said[3] & 15, said[7]), (3, 0));
    }

    #[test]
    fn what_is_no_question_is_none() {
        let whole = query("smtp.example.com", 1);
        for length in 0..whole.len() {
            assert_eq!(question(&whole[..length]), None, "{length}");
        }
        let mut answered = whole.clone();
        answered[2] |= 0x80;
        assert_eq!(question(&answered), None, "an answer");
        let mut none = whole.clone();
        none[5] = 0;
        assert_eq!(question(&none), None, "no question");
        let mut pointer = whole;
        pointer[12] = 0xc0;
        assert_eq!(question(&pointer), None, "a name that leads elsewhere");
        let long = query(&vec!["a".repeat(63); 5].join("."), 1);
        assert_eq!(question(&long), None, "too long");
    }
}
