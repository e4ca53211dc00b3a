//! A dump as text, read line by line: whether it is whole, what it has, and what was done to it on its way.
//! `psql` takes half a dump for a whole one: its exit code is 0 at the end of whatever it was given.

use std::io::BufRead;

use super::dump_fault::DumpFault;

/// What a dump of transship's own begins with; the number of databases follows.
pub(super) const OWN: &str = "-- transship: all of a server, databases: ";
/// What it ends with.
pub(super) const OWN_END: &str = "-- transship: complete";

const DATABASE: &[u8] = b"-- PostgreSQL database dump";
const DATABASE_END: &[u8] = b"-- PostgreSQL database dump complete";
const CLUSTER: &[u8] = b"-- PostgreSQL database cluster dump";
const CLUSTER_END: &[u8] = b"-- PostgreSQL database cluster dump complete";
/// The header stands within so many lines.
const HEADER: u64 = 20;

/// What is known of a dump that is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PlainScan {
    lines: u64,
    /// Whether it is transship's own, and came to its end.
    own: Option<bool>,
    cluster: Option<bool>,
    begun: u64,
    complete: u64,
    /// True between a `COPY` and its end.
    in_rows: bool,
    /// Tables with rows, and the rows.
    pub(super) tables: u64,
    pub(super) rows: u64,
    has_header: bool,
}

impl PlainScan {
    /// Reads all of a dump.
    ///
    /// # Errors
    /// [`DumpFault`], told by the first that is wrong.
    pub(super) fn of(mut reader: impl BufRead) -> Result<Self, DumpFault> {
        let mut scan = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(DumpFault::of)? == 0 {
                break;
            }
            scan.take(&line)?;
        }
        scan.require_whole()?;
        Ok(scan)
    }

    /// Takes in a line, with its end.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), DumpFault> {
        self.lines += 1;
        if self.lines == 1 {
            require_text(line)?;
        }
        let Some(text) = line.strip_suffix(b"\n") else {
            // Every line of a dump has an end.
            return Err(DumpFault::Truncated);
        };
        if self.in_rows {
            match text {
                b"\\." => self.in_rows = false,
                b"\\.\r" => return Err(DumpFault::LineEnds),
                _ => self.rows += 1,
            }
            return Ok(());
        }
        let plain = text.strip_suffix(b"\r").unwrap_or(text);
        if plain.len() < text.len() && is_header(plain) {
            return Err(DumpFault::LineEnds);
        }
        self.take_text(text);
        if !self.has_header && self.lines > HEADER {
            return Err(DumpFault::NoDump);
        }
        Ok(())
    }

    fn take_text(&mut self, text: &[u8]) {
        self.has_header |= is_header(text);
        match text {
            CLUSTER => self.cluster = Some(false),
            CLUSTER_END => self.cluster = Some(true),
            DATABASE => self.begun += 1,
            DATABASE_END => self.complete += 1,
            _ if text.starts_with(OWN.as_bytes()) => self.own = Some(false),
            _ if text == OWN_END.as_bytes() => self.own = self.own.map(|_| true),
            _ if text.starts_with(b"COPY ") && text.ends_with(b" FROM stdin;") => {
                self.in_rows = true;
                self.tables += 1;
            }
            _ => {}
        }
    }

    /// That it came to its end.
    pub(super) fn require_whole(&self) -> Result<(), DumpFault> {
        if !self.has_header {
            return Err(DumpFault::NoDump);
        }
        let is_cut = self.in_rows || self.own == Some(false) || self.begun != self.complete;
        if is_cut || self.cluster == Some(false) {
            return Err(DumpFault::Truncated);
        }
        Ok(())
    }

    /// Whether it has all of a server: roles, and the databases themselves.
    pub(super) fn is_cluster(&self) -> bool {
        self.cluster.is_some()
    }
}

fn is_header(text: &[u8]) -> bool {
    text == DATABASE || text == CLUSTER
}

fn require_text(line: &[u8]) -> Result<(), DumpFault> {
    match line {
        [0x1f, 0x8b, ..] => Err(DumpFault::Compressed),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(DumpFault::Wide),
        [b'P', b'G', b'D', b'M', b'P', ..] => Err(DumpFault::Archive),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE t (a text);\n\
         COPY public.t (a) FROM stdin;\n-- PostgreSQL database dump\nx\\r\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n";

    fn check(text: &[u8], expect: &Result<(u64, u64), DumpFault>) {
        let found = PlainScan::of(text).map(|scan| (scan.tables, scan.rows));
        assert_eq!(
            found.as_ref().map_err(ToString::to_string),
            expect.as_ref().map_err(ToString::to_string),
            "{}",
            String::from_utf8_lossy(text)
        );
    }

    #[test]
    fn a_whole_dump_is_one_whatever_its_rows_say() {
        check(WHOLE.as_bytes(), &Ok((1, 2)));
        // What a function has in its text is its own.
        let function = WHOLE.replace("CREATE TABLE t (a text);", "AS $$ a\r\nb $$;");
        check(function.as_bytes(), &Ok((1, 2)));
    }

    #[test]
    fn one_that_is_cut_is_known_wherever_it_was() {
        for end in 40..WHOLE.len() - 4 {
            let found = PlainScan::of(&WHOLE.as_bytes()[..end]).unwrap_err();
            let fault = DumpFault::Truncated.to_string();
            assert_eq!(found.to_string(), fault, "cut at {end}");
        }
    }

    #[test]
    fn what_was_done_to_it_is_named() {
        check(
            WHOLE.replace('\n', "\r\n").as_bytes(),
            &Err(DumpFault::LineEnds),
        );
        check(&[0x1f, 0x8b, 8, 0, b'\n'], &Err(DumpFault::Compressed));
        check(&[0xff, 0xfe, b'-', 0, b'\n'], &Err(DumpFault::Wide));
        check(b"PGDMP\x01\n", &Err(DumpFault::Archive));
        check(b"SQLite format 3\n", &Err(DumpFault::NoDump));
        check(b"", &Err(DumpFault::NoDump));
        let half = format!("--\n-- PostgreSQL database cluster dump\n--\n{WHOLE}");
        check(half.as_bytes(), &Err(DumpFault::Truncated));
        let own = format!("{OWN}2\n{WHOLE}");
        check(own.as_bytes(), &Err(DumpFault::Truncated));
        check(format!("{own}{OWN_END}\n").as_bytes(), &Ok((1, 2)));
    }
}
