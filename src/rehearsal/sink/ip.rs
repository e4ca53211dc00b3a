//! Packets of IPv4 as a raw socket gives them: which port somebody wanted.

/// TCP's number.
const TCP: u8 = 6;
/// UDP's number.
const UDP: u8 = 17;

/// The port that the packet wants to begin a connection to; nothing for all others.
pub(super) fn wanted_port(packet: &[u8]) -> Option<u16> {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    let segment = payload(packet, TCP)?;
    let flags = segment.get(13)?;
    (flags & (SYN | ACK) == SYN).then(|| port(segment))?
}

/// The port that the datagram is for; nothing for what is none.
pub(super) fn datagram_port(packet: &[u8]) -> Option<u16> {
    const HEADER: usize = 8;
    let datagram = payload(packet, UDP)?;
    (datagram.len() >= HEADER).then(|| port(datagram))?
}

/// What the packet carries, where it is of this protocol and no later piece of a larger one.
fn payload(packet: &[u8], protocol: u8) -> Option<&[u8]> {
    let first = packet.first()?;
    let length = usize::from(first & 15) * 4;
    let offset = u16::from_be_bytes([*packet.get(6)?, *packet.get(7)?]) & 0x1fff;
    let is_it = first >> 4 == 4 && length >= 20 && *packet.get(9)? == protocol && offset == 0;
    is_it.then(|| packet.get(length..))?
}

fn port(carried: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*carried.get(2)?, *carried.get(3)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of this protocol with this destination port and these flags.
    fn packet(protocol: u8, port: u16, flags: u8) -> Vec<u8> {
        let mut bytes = vec![0; 40];
        (bytes[0], bytes[9], bytes[33]) = (0x45, protocol, flags);
        bytes[22..24].copy_from_slice(&port.to_be_bytes());
        bytes
    }

    #[test]
    fn only_who_begins_a_connection_wants_a_port() {
        for (flags, expect) in [
            (2, Some(6379)),
            (0xc2, Some(6379)),
            (18, None),
            (16, None),
            (4, None),
        ] {
            assert_eq!(wanted_port(&packet(TCP, 6379, flags)), expect, "{flags}");
        }
        assert_eq!(wanted_port(&packet(UDP, 514, 2)), None);
        assert_eq!(datagram_port(&packet(UDP, 514, 0)), Some(514));
        assert_eq!(datagram_port(&packet(TCP, 514, 0)), None);
    }

    #[test]
    fn what_is_cut_or_a_later_piece_is_nobodys() {
        let whole = packet(TCP, 6379, 2);
        for length in 0..34 {
            assert_eq!(wanted_port(&whole[..length]), None, "{length}");
            assert_eq!(datagram_port(&packet(UDP, 1, 0)[..length.min(27)]), None);
        }
        for (at, byte) in [(0, 0x65), (0, 0x41), (0, 0x4f), (7, 1), (6, 0x1f)] {
            let mut bent = whole.clone();
            bent[at] = byte;
            assert_eq!(wanted_port(&bent), None, "{at} {byte}");
        }
    }
}
