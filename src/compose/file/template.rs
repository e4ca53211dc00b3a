//! A value with variables in it, and where each part of what it resolves to lives: the
//! door for edits that change a part.

use std::collections::BTreeMap;
use std::ops::Range;

use super::interpolate::{InterpolateError, Lookup, TemplatePiece, pieces};

/// A text with the origin of every part of what it resolves to.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<TemplatePiece>,
    pub(crate) resolved: String,
    /// For each piece: whether a variable's whole value is this piece.
    whole: Vec<bool>,
}

/// Where a change of the resolved text is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The bytes to replace, of the written text or of the variable's value.
    pub(crate) range: Range<usize>,
    /// The text that takes its place.
    pub(crate) text: String,
    /// The outermost variable that holds the part, if one does.
    pub(crate) variable: Option<String>,
    /// True if the range is of a value that comes from outside of the text.
    pub(crate) is_in_value: bool,
    /// True if that value is the outermost variable's own.
    pub(crate) is_whole_value: bool,
}

/// Why [`Template::apply`] gives nothing.
pub(crate) const MINGLED: &str = "the new text would mingle with a variable's name";

impl Template {
    pub(crate) fn new(written: &str, lookup: &Lookup<'_>) -> Result<Self, InterpolateError> {
        let pieces = pieces(written, lookup)?;
        let is_whole = |piece: &TemplatePiece| {
            let variable = piece.variable.as_deref();
            variable.is_some_and(|name| lookup(name).unwrap_or_default() == piece.text)
        };
        Ok(Self {
            resolved: pieces.iter().map(|piece| piece.text.as_str()).collect(),
            whole: pieces.iter().map(is_whole).collect(),
            pieces,
        })
    }

    /// Where the bytes of `range` of the resolved text are to become `text`. `added` says
    /// that the part wasn't there before. None if it takes more than one place.
    pub(crate) fn home(&self, range: Range<usize>, added: bool, text: &str) -> Option<Home> {
        let (range, text) = self.trimmed(range, text);
        let (index, start) = self.piece_of(&range, added)?;
        let piece = &self.pieces[index];
        let offset = piece.at.as_ref().map_or(0, |at| at.start);
        Some(Home {
            range: range.start - start + offset..range.end - start + offset,
            text: text.to_owned(),
            variable: piece.variable.clone(),
            is_in_value: piece.at.is_none(),
            is_whole_value: self.whole[index],
        })
    }

    /// Where parts of variables' values become other texts in the written text: each value in place
    /// of its variable, with all of its parts replaced. None where one is no part of the value of
    /// a variable that stands by itself.
    pub(crate) fn written_out(
        &self,
        parts: &[(Range<usize>, String)],
    ) -> Option<Vec<(Range<usize>, String, Home)>> {
        let mut values: BTreeMap<usize, (usize, String)> = BTreeMap::new();
        let mut parts: Vec<_> = parts.iter().collect();
        parts.sort_by_key(|(range, _)| range.start);
        for (range, text) in parts.into_iter().rev() {
            let (index, start) = self.piece_of(range, false)?;
            let piece = &self.pieces[index];
            let value = values.entry(index).or_insert((start, piece.text.clone()));
            value
                .1
                .replace_range(range.start - start..range.end - start, text);
        }
        let changes = values.into_iter().map(|(index, (start, text))| {
            let piece = &self.pieces[index];
            let home = Home {
                range: piece.expression.clone()?,
                text: text.replace('$', "$$"),
                variable: None,
                is_in_value: false,
                is_whole_value: false,
            };
            Some((start..start + piece.text.len(), text, home))
        });
        changes.collect()
    }

    /// The written text with changes made at their homes; each comes with the bytes of the
    /// resolved text and what they become. None if the result doesn't resolve to just that:
    /// behind `$A` even a digit may become a part of the name.
    pub(crate) fn apply(
        &self,
        written: &str,
        lookup: &Lookup<'_>,
        mut changes: Vec<(Range<usize>, String, Home)>,
    ) -> Option<String> {
        let (mut value, mut expect) = (written.to_owned(), self.resolved.clone());
        // Back to front; of two at one place, such as a tag and a digest that are added, the
        // first comes to stand first.
        changes.sort_by_key(|(range, ..)| range.start);
        for (range, text, home) in changes.into_iter().rev() {
            value.replace_range(home.range, &home.text);
            expect.replace_range(range, &text);
        }
        let resolved = Self::new(&value, lookup).ok()?.resolved;
        (resolved == expect).then_some(value)
    }

    /// Where in the written text something is to be put that stands at `end` of the resolved text,
    /// behind a variable or a part of the text; None within either.
    pub(crate) fn behind(&self, written: &str, end: usize) -> Option<Home> {
        let mut start = 0;
        let mut pieces = self.pieces.iter();
        let at = loop {
            match pieces.next() {
                None => break (start == end).then_some(written.len())?,
                Some(piece) if piece.variable.is_none() && start <= end => {
                    let at = piece.at.as_ref();
                    match at.filter(|_| end - start <= piece.text.len()) {
                        Some(at) => break at.start + end - start,
                        None => start += piece.text.len(),
                    }
                }
                Some(piece) => start += piece.text.len(),
            }
        };
        Some(Home {
            range: at..at,
            text: String::new(),
            variable: None,
            is_in_value: false,
            is_whole_value: false,
        })
    }

    /// The edit without what stays the same at its ends, where it spans several pieces: of
    /// `${VERSION}-alpine` to `2-alpine` only the variable's part remains.
    fn trimmed<'a>(&self, mut range: Range<usize>, mut text: &'a str) -> (Range<usize>, &'a str) {
        let mut start = 0;
        for piece in &self.pieces {
            let end = start + piece.text.len();
            let from = range.start.clamp(start, end);
            let inside = &self.resolved[from..range.end.clamp(from, end)];
            let literal = piece.variable.is_none() && !inside.is_empty();
            if literal && start <= range.start && range.end > end && text.starts_with(inside) {
                text = &text[inside.len()..];
                range.start = end;
            } else if literal && end >= range.end && range.start < start && text.ends_with(inside) {
                text = &text[..text.len() - inside.len()];
                range.end = start;
            }
            start = end;
        }
        (range, text)
    }

    /// The piece that contains a range, and its first byte's place in the resolved text.
    /// What is added belongs to the piece that holds the byte before it; a part that is
    /// there and empty, to the variable that could fill it.
    fn piece_of(&self, range: &Range<usize>, added: bool) -> Option<(usize, usize)> {
        let mut start = 0;
        let mut ends_here = None;
        let mut fills_it = None;
        for (index, piece) in self.pieces.iter().enumerate() {
            let end = start + piece.text.len();
            let contains = start <= range.start && range.end <= end;
            if added && contains && start < range.start {
                ends_here = Some((index, start));
            } else if contains && (!range.is_empty() || piece.text.is_empty()) {
                // An unset variable behind what is added may bring the part itself.
                fills_it = fills_it.or(Some((index, start)));
            } else if !added && contains {
                ends_here = ends_here.or(Some((index, start)));
            }
            start = end;
        }
        fills_it.or(ends_here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The written text, or the variable and its value, after a part was changed.
    #[track_caller]
    fn check(written: &str, range: Range<usize>, text: &str, expect: Option<&str>) {
        let lookup = |name: &str| (name == "A").then(|| "abc".to_owned());
        let template = Template::new(written, &lookup).unwrap();
        let found = template.home(range, false, text).map(|home| {
            let (name, mut value) = if home.is_in_value {
                ("A=", "abc".to_owned())
            } else {
                ("", written.to_owned())
            };
            value.replace_range(home.range, &home.text);
            format!("{name}{value}")
        });
        assert_eq!(found.as_deref(), expect);
    }

    #[test]
    fn a_part_is_changed_where_it_lives() {
        check("x${A}y", 0..1, "z", Some("z${A}y"));
        check("x${A}y", 2..3, "z", Some("A=azc"));
        check("x${U:-def}y", 2..3, "z", Some("x${U:-dzf}y"));
    }

    #[test]
    fn text_that_would_mingle_with_a_name_is_not_applied() {
        let apply = |written: &str, range: Range<usize>| {
            let template = Template::new(written, &|_| None).unwrap();
            let home = template.home(range.clone(), false, "2").unwrap();
            template.apply(written, &|_| None, vec![(range, "2".to_owned(), home)])
        };
        assert_eq!(apply("a:$B;x", 2..4), None);
        assert_eq!(apply("a:${B};x", 2..4).as_deref(), Some("a:${B}2"));
    }

    #[test]
    fn what_stays_the_same_at_the_ends_is_no_part_of_it() {
        check("x${A}y", 0..5, "xzy", Some("A=z"));
        check("x${A}y", 0..5, "xz", None);
        check("${A}${U:-d}", 0..4, "z", None);
    }
}
