//! All parsers of the sink on the same bytes, for `fuzz/` and for a test with bytes by chance.

use std::net::Ipv4Addr;

use super::{dns, http, ip, smtp, tls};

/// Has every parser read the bytes.
pub fn parse_all(bytes: &[u8]) {
    if let Some(question) = dns::question(bytes) {
        let address = dns::DnsAnswer::Address(Ipv4Addr::LOCALHOST);
        let _ = dns::answer(bytes, &question, address);
    }
    let _ = dns::addresses(bytes);
    let _ = http::request(bytes, 80);
    let _ = http::is_whole(bytes);
    let _ = tls::is_whole(bytes);
    let _ = tls::server_name(bytes);
    let _ = ip::wanted_port(bytes);
    let _ = ip::datagram_port(bytes);
    let mut dialogue = smtp::SmtpDialogue::new(25);
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = dialogue.line(line);
    }
    let _ = dialogue.ended();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_break_a_parser(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse_all(&bytes);
        }

        #[test]
        fn no_lines_break_a_parser(lines in "(EHLO|MAIL FROM:|RCPT TO:|DATA|AUTH|GET|POST|<|>|@|:|/|\\?|=|&| |\r|\n|ä|\u{1b}|HTTP/1.1|Host:|http://){0,60}") {
            parse_all(lines.as_bytes());
        }
    }
}
