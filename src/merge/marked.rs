//! A file with conflict markers in it, as git or an earlier merge leaves it, taken apart into the
//! versions that it was made of.

/// The versions of a file that stand in it between markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedVersions {
    /// What both versions were made from; None where the markers don't say.
    pub base: Option<Vec<u8>>,
    /// The version above the `=======`.
    pub mine: Vec<u8>,
    /// The version below it.
    pub theirs: Vec<u8>,
}

/// Where a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Both,
    Mine,
    Base,
    Theirs,
}

impl MarkedVersions {
    /// Takes a text apart; None if it has no conflict, or one that isn't whole.
    pub fn of(text: &[u8]) -> Option<Self> {
        let (mut base, mut mine, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut part, mut conflicts, mut with_base) = (Part::Both, 0, 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let next = match (part, marker(line)) {
                (Part::Both, Some(b'<')) => Part::Mine,
                (Part::Mine, Some(b'|')) => {
                    with_base += 1;
                    Part::Base
                }
                (Part::Mine | Part::Base, Some(b'=')) => Part::Theirs,
                (Part::Theirs, Some(b'>')) => {
                    conflicts += 1;
                    Part::Both
                }
                (Part::Mine | Part::Base | Part::Theirs, Some(b'<' | b'>')) => return None,
                _ => {
                    match part {
                        Part::Both => [&mut base, &mut mine, &mut theirs]
                            .into_iter()
                            .for_each(|version| version.extend_from_slice(line)),
                        Part::Mine => mine.extend_from_slice(line),
                        Part::Base => base.extend_from_slice(line),
                        Part::Theirs => theirs.extend_from_slice(line),
                    }
                    continue;
                }
            };
            part = next;
        }
        (part == Part::Both && conflicts > 0).then_some(Self {
            base: (with_base == conflicts).then_some(base),
            mine,
            theirs,
        })
    }
}

/// The sign of a marker: seven of it, and a blank or nothing behind.
fn marker(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let sign = *line.first().filter(|sign| b"<|=>".contains(sign))?;
    let rest = line.get(7..)?;
    let is_marker = line[..7].iter().all(|byte| *byte == sign);
    (is_marker && (rest.is_empty() || rest.starts_with(b" "))).then_some(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<[Option<&str>; 3]>) {
        let found = MarkedVersions::of(text.as_bytes());
        let expect = expect.map(|[base, mine, theirs]| MarkedVersions {
            base: base.map(|text| text.as_bytes().to_vec()),
            mine: mine.unwrap_or_default().as_bytes().to_vec(),
            theirs: theirs.unwrap_or_default().as_bytes().to_vec(),
        });
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_text_with_markers_is_taken_apart() {
        check(
            "a\n<<<<<<< mine\nm\n||||||| base\nb\n=======\nt\n>>>>>>> theirs\nz\n",
            Some([Some("a\nb\nz\n"), Some("a\nm\nz\n"), Some("a\nt\nz\n")]),
        );
        check(
            "<<<<<<< HEAD\nm\n=======\n>>>>>>> 1234 (x)\nz",
            Some([None, Some("m\nz"), Some("z")]),
        );
    }

    #[test]
    fn what_has_no_whole_conflict_is_not() {
        for text in [
            "",
            "a\n",
            "=======\n",
            "<<<<<<< mine\na\n",
            "<<<<<<< mine\na\n<<<<<<< mine\n=======\n>>>>>>> theirs\n",
            "<<<<<<< mine\n=======\n",
            "<<<<<<<< m\n========\n>>>>>>>> t\n",
        ] {
            check(text, None);
        }
    }
}
