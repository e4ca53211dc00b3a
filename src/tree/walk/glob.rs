//! Glob patterns of paths, with the meaning that rsync gives them.

/// True if the pattern has `**`, which stands for `/`, too.
pub(super) fn has_two_stars(pattern: &[u8]) -> bool {
    pattern.windows(2).any(|pair| pair == b"**")
}

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GlobPart {
    /// Exactly one byte, of this value.
    Byte(u8),
    /// Any byte but `/`.
    Any,
    /// Any bytes but `/`, or none.
    Star,
    /// Any bytes, or none.
    Stars,
    /// One of these, or none of them; never `/`.
    Class { ranges: Vec<(u8, u8)>, not: bool },
    /// A class without an end: matches nothing.
    Never,
}

/// A pattern, ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<GlobPart>);

impl Glob {
    /// From its text.
    pub(super) fn new(mut text: &[u8]) -> Self {
        let mut parts = Vec::new();
        while let [first, rest @ ..] = text {
            text = rest;
            parts.push(match first {
                b'?' => GlobPart::Any,
                b'*' => {
                    let stars = text.iter().take_while(|&&byte| byte == b'*').count();
                    text = &text[stars..];
                    if stars == 0 {
                        GlobPart::Star
                    } else {
                        GlobPart::Stars
                    }
                }
                b'[' => match class(text) {
                    Some((part, rest)) => {
                        text = rest;
                        part
                    }
                    None => GlobPart::Never,
                },
                b'\\' => match text {
                    [byte, rest @ ..] => {
                        text = rest;
                        GlobPart::Byte(*byte)
                    }
                    [] => GlobPart::Byte(b'\\'),
                },
                byte => GlobPart::Byte(*byte),
            });
        }
        Self(parts)
    }

    /// True if it stands for all of `text`. The time goes with the product of both lengths.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        // For each part: which lengths of the text the parts up to it can stand for.
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        for part in &self.0 {
            let mut next = vec![false; text.len() + 1];
            for at in 0..=text.len() {
                let before = at.checked_sub(1);
                next[at] = match part {
                    GlobPart::Star => {
                        reached[at] || before.is_some_and(|b| next[b] && text[b] != b'/')
                    }
                    GlobPart::Stars => reached[at] || before.is_some_and(|b| next[b]),
                    one => before.is_some_and(|b| reached[b] && one.is(text[b])),
                };
            }
            reached = next;
        }
        reached[text.len()]
    }
}

impl GlobPart {
    /// True if it stands for this one byte.
    fn is(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any => byte != b'/',
            Self::Class { ranges, not } => {
                let within = ranges
                    .iter()
                    .any(|(low, high)| (low..=high).contains(&&byte));
                byte != b'/' && within != *not
            }
            Self::Star | Self::Stars | Self::Never => false,
        }
    }
}

/// What stands behind a `[`, and what is left after the `]`.
fn class(text: &[u8]) -> Option<(GlobPart, &[u8])> {
    let not = matches!(text.first(), Some(b'!' | b'^'));
    let mut rest = &text[usize::from(not)..];
    let mut ranges = Vec::new();
    let mut first = true;
    loop {
        let byte = match rest {
            [b']', tail @ ..] if !first => {
                return Some((GlobPart::Class { ranges, not }, tail));
            }
            [b'[', b':', tail @ ..] => {
                let end = tail.windows(2).position(|pair| pair == b":]")?;
                ranges.extend(named(&tail[..end])?);
                rest = &tail[end + 2..];
                first = false;
                continue;
            }
            [b'\\', byte, tail @ ..] | [byte, tail @ ..] => {
                rest = tail;
                *byte
            }
            [] => return None,
        };
        first = false;
        let high = match rest {
            [b'-', b'\\', high, tail @ ..] => {
                rest = tail;
                *high
            }
            [b'-', high, tail @ ..] if *high != b']' => {
                rest = tail;
                *high
            }
            _ => byte,
        };
        ranges.push((byte, high));
    }
}

/// The bytes of a named class: `alpha`.
fn named(name: &[u8]) -> Option<Vec<(u8, u8)>> {
    Some(match name {
        b"alpha" => vec![(b'a', b'z'), (b'A', b'Z')],
        b"digit" => vec![(b'0', b'9')],
        b"alnum" => vec![(b'a', b'z'), (b'A', b'Z'), (b'0', b'9')],
        b"upper" => vec![(b'A', b'Z')],
        b"lower" => vec![(b'a', b'z')],
        b"xdigit" => vec![(b'0', b'9'), (b'a', b'f'), (b'A', b'F')],
        b"space" => vec![(b' ', b' '), (9, 13)],
        b"blank" => vec![(b' ', b' '), (9, 9)],
        b"cntrl" => vec![(0, 31), (127, 127)],
        b"print" => vec![(b' ', b'~')],
        b"graph" => vec![(b'!', b'~')],
        b"punct" => vec![(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')],
        _ => return None,
    })
}
