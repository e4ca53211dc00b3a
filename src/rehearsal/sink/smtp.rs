//! As much of SMTP (RFC 5321) as gets a sender to say from whom and to whom: everything is taken, and
//! nothing of a mail is kept.

use super::heard::{Overheard, plain};

/// The longest line that is looked at, in bytes.
pub(super) const LONGEST_LINE: usize = 4096;
/// How many recipients of one mail are kept.
const RECIPIENTS: usize = 50;

/// What is said first.
pub(super) const BANNER: &str = "220 rehearsal ESMTP\r\n";

/// A dialogue, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct SmtpDialogue {
    port: u16,
    from: Option<String>,
    to: Vec<String>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Commands,
    /// A mail's text, until a dot alone.
    Text,
    /// So many answers about who the sender is, which nobody looks at.
    Credentials(u8),
}

/// What a line comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SmtpReply {
    /// What is said; nothing while a mail's text comes.
    pub(super) said: &'static str,
    /// The mail that has come to its end.
    pub(super) heard: Option<Overheard>,
    /// Whether that was all.
    pub(super) is_over: bool,
}

impl SmtpDialogue {
    /// One that begins on this port.
    pub(super) fn new(port: u16) -> Self {
        Self {
            port,
            ..Self::default()
        }
    }

    /// Takes a line, without its end; of a longer one than [`LONGEST_LINE`] the beginning.
    pub(super) fn line(&mut self, line: &[u8]) -> SmtpReply {
        match self.state {
            State::Text if line == b"." => {
                self.state = State::Commands;
                let heard = self.ended();
                SmtpReply {
                    heard,
                    ..says("250 taken\r\n")
                }
            }
            State::Text => SmtpReply::default(),
            State::Credentials(more) => self.credentials(more),
            State::Commands => self.command(line),
        }
    }

    /// The mail that was under way when the connection ended, if its recipients were named.
    pub(super) fn ended(&mut self) -> Option<Overheard> {
        let (from, to) = (self.from.take(), std::mem::take(&mut self.to));
        let from = from.filter(|_| !to.is_empty())?;
        let port = self.port;
        Some(Overheard::Mail { from, to, port })
    }

    fn credentials(&mut self, more: u8) -> SmtpReply {
        match more {
            0 | 1 => {
                self.state = State::Commands;
                says("235 well\r\n")
            }
            more => {
                self.state = State::Credentials(more - 1);
                says("334 UGFzc3dvcmQ6\r\n")
            }
        }
    }

    fn command(&mut self, line: &[u8]) -> SmtpReply {
        let upper = line.get(..10).unwrap_or(line).to_ascii_uppercase();
        let is = |command: &[u8]| upper.starts_with(command);
        if is(b"EHLO") {
            return says(
                "250-rehearsal\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n",
            );
        }
        if is(b"MAIL FROM:") {
            let heard = self.ended();
            self.from = Some(address(line));
            return SmtpReply {
                heard,
                ..says("250 well\r\n")
            };
        }
        if is(b"RCPT TO:") {
            if self.from.is_none() {
                return says("503 from whom?\r\n");
            }
            if self.to.len() < RECIPIENTS {
                self.to.push(address(line));
            }
            return says("250 well\r\n");
        }
        if is(b"DATA") {
            if self.to.is_empty() {
                return says("503 to whom?\r\n");
            }
            self.state = State::Text;
            return says("354 go on\r\n");
        }
        if is(b"AUTH") {
            return self.auth(line);
        }
        if is(b"STARTTLS") {
            return says("454 not here\r\n");
        }
        if is(b"QUIT") {
            return SmtpReply {
                heard: self.ended(),
                is_over: true,
                ..says("221 bye\r\n")
            };
        }
        if is(b"RSET") {
            (self.from, self.to) = (None, Vec::new());
        }
        let known: [&[u8]; 4] = [b"HELO", b"NOOP", b"RSET", b"VRFY"];
        match known.iter().any(|command| is(command)) {
            true => says("250 well\r\n"),
            false => says("502 what?\r\n"),
        }
    }

    fn auth(&mut self, line: &[u8]) -> SmtpReply {
        let words = line.split(|byte| *byte == b' ');
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        let is_login = words
            .get(1)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"LOGIN"));
        match (is_login, words.len()) {
            (true, 2) => {
                self.state = State::Credentials(2);
                says("334 VXNlcm5hbWU6\r\n")
            }
            (true, _) => {
                self.state = State::Credentials(1);
                says("334 UGFzc3dvcmQ6\r\n")
            }
            (false, 2) => {
                self.state = State::Credentials(1);
                says("334 \r\n")
            }
            (false, _) => says("235 well\r\n"),
        }
    }
}

fn says(said: &'static str) -> SmtpReply {
    SmtpReply {
        said,
        ..SmtpReply::default()
    }
}

/// What is in the angle brackets of `MAIL FROM:<a@example.org> SIZE=7`; the first word where there are none.
fn address(line: &[u8]) -> String {
    let colon = line.iter().position(|byte| *byte == b':');
    let rest = line.get(colon.map_or(0, |at| at + 1)..).unwrap_or_default();
    let rest = rest.trim_ascii();
    let inner = match rest.first() {
        Some(b'<') => rest[1..].split(|byte| *byte == b'>').next(),
        _ => rest.split(u8::is_ascii_whitespace).next(),
    };
    plain(inner.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes that are said to these lines, and what was heard.
    fn talk(lines: &[&str]) -> (Vec<String>, Vec<Overheard>) {
        let mut dialogue = SmtpDialogue::new(25);
        let (mut codes, mut heard) = (Vec::new(), Vec::new());
        for line in lines {
            let reply = dialogue.line(line.as_bytes());
            let code = reply.said.lines().last().unwrap_or_default();
            codes.push(code.chars().take(3).collect());
            heard.extend(reply.heard);
        }
        heard.extend(dialogue.ended());
        (codes, heard)
    }

    fn mail(from: &str, to: &[&str]) -> Overheard {
        Overheard::Mail {
            from: from.to_owned(),
            to: to.iter().map(|&one| one.to_owned()).collect(),
            port: 25,
        }
    }

    #[test]
    fn mails_are_heard_by_sender_and_recipients() {
        let (codes, heard) = talk(&[
            "EHLO shop",
            "mail from:<shop@example.org> SIZE=7",
            "RCPT TO:<a@example.com>",
            "rcpt to: b@example.com NOTIFY=NEVER",
            "DATA",
            "Subject: MAIL FROM:<x>",
            "QUIT",
            "..",
            ".",
            "MAIL FROM:<>",
            "RCPT TO:<c@example.com>",
            "DATA",
            ".",
            "QUIT",
        ]);
        let expect = [
            "250", "250", "250", "250", "354", "", "", "", "250", "250", "250", "354", "250", "221",
        ];
        assert_eq!(codes, expect);
        let first = mail("shop@example.org", &["a@example.com", "b@example.com"]);
        assert_eq!(heard, [first, mail("", &["c@example.com"])]);
    }

    #[test]
    fn who_a_sender_is_is_neither_asked_for_long_nor_kept() {
        for (lines, expect) in [
            (&["AUTH PLAIN AGEAYg=="][..], &["235"][..]),
            (&["AUTH PLAIN", "AGEAYg==", "NOOP"], &["334", "235", "250"]),
            (
                &["auth login", "YQ==", "Yg==", "NOOP"],
                &["334", "334", "235", "250"],
            ),
            (&["AUTH LOGIN YQ==", "Yg==", "NOOP"], &["334", "235", "250"]),
            (&["STARTTLS", "BDAT 3 LAST", ""], &["454", "502", "502"]),
            (&["RCPT TO:<a@b>", "DATA"], &["503", "503"]),
        ] {
            let (codes, heard) = talk(lines);
            assert_eq!(codes, expect, "{lines:?}");
            assert_eq!(heard, []);
        }
    }

    #[test]
    fn a_mail_that_is_cut_is_heard_once_its_recipients_are() {
        let cut = talk(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "half"]);
        assert_eq!(cut.1, [mail("a@b", &["c@d"])]);
        assert_eq!(talk(&["MAIL FROM:<a@b>"]).1, []);
        assert_eq!(talk(&["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RSET"]).1, []);
        let again = [
            "MAIL FROM:<a@b>",
            "RCPT TO:<c@d>",
            "MAIL FROM:<e@f>",
            "QUIT",
        ];
        assert_eq!(talk(&again).1, [mail("a@b", &["c@d"])]);
    }

    #[test]
    fn hostile_addresses_are_bounded() {
        let long = format!("RCPT TO:<{}>", "x".repeat(5000));
        let mut lines = vec!["MAIL FROM:\u{1b}[2J"];
        lines.extend(std::iter::repeat_n(long.as_str(), 1000));
        let (_, heard) = talk(&lines);
        let Overheard::Mail { from, to, .. } = &heard[0] else {
            panic!("{heard:?}");
        };
        assert_eq!((from.as_str(), to.len()), ("\u{fffd}[2J", RECIPIENTS));
        assert!(to.iter().all(|one| one.len() <= 512));
    }
}
