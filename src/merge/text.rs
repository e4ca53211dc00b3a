//! Text, three-way by line.
//!
//! Lines are compared without their ends, so that a file that one side has converted to
//! other line ends, or that lost its last one, still merges by its lines; the ends of the
//! result are then those of the side that changed them. Text that isn't UTF-8 is merged
//! byte for byte all the same.

use similar::{MergeRegion, MergeResolution, TextMerge};

use super::answer::Answers;
use super::outcome::{
    Input, Inputs, MergeOutcome, Merged, OutcomeKind, Side, SourceLine, SourceLines,
};

/// Merges three texts by line. Lines next to each other that both sides changed are one
/// conflict, as they are to git.
pub fn merge_text(inputs: &Inputs<'_>, answers: &Answers) -> Merged {
    let empty = Input {
        path: inputs.theirs.path,
        bytes: b"",
    };
    let sides = [inputs.base.unwrap_or(empty), inputs.mine, inputs.theirs];
    let utf8 = sides.iter().all(|side| str::from_utf8(side.bytes).is_ok());
    let [base, mine, theirs] = sides.map(|side| Text::new(side.bytes, utf8));
    let ends = if inputs.base.is_some() {
        Ends::merged(&base.ends, &mine.ends, &theirs.ends)
    } else {
        mine.ends
    };
    let same_ends = base.ends.eol == mine.ends.eol && base.ends.eol == theirs.ends.eol;
    let prepared = [&base, &mine, &theirs].map(|side| side.prepared(same_ends));
    let merge = TextMerge::from_lines(&*prepared[0], &*prepared[1], &*prepared[2]);
    let mut result = LineMerge {
        inputs,
        answers,
        // As the merge itself tells lines apart, to which a lone carriage return ends one, too.
        texts: [
            (0..merge.base_len())
                .filter_map(|line| merge.base_line(line))
                .collect(),
            (0..merge.ours_len())
                .filter_map(|line| merge.ours_line(line))
                .collect(),
            (0..merge.theirs_len())
                .filter_map(|line| merge.theirs_line(line))
                .collect(),
        ],
        merged: String::new(),
        marked: String::new(),
        outcomes: Vec::new(),
    };
    for region in merge.regions() {
        result.region(region);
    }
    let conflicted = result
        .outcomes
        .iter()
        .any(|outcome| outcome.kind == OutcomeKind::Conflict);
    let finish = |text: &str| encoded(&ends.apply(text, same_ends), utf8);
    Merged {
        // A file may end its lines now one way and now the other.
        bytes: match inputs.unaltered() {
            Some(bytes) => bytes.to_vec(),
            None => finish(&result.merged),
        },
        marked: conflicted.then(|| finish(&result.marked)),
        outcomes: result.outcomes,
    }
}

/// One of the texts, decoded.
struct Text {
    text: String,
    ends: Ends,
}

/// How a text ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    eol: &'static str,
    /// Whether the last line has an end, too.
    last: bool,
}

impl Ends {
    fn of(text: &str) -> Self {
        let crlf = text.matches("\r\n").count();
        let all = text.matches('\n').count();
        Self {
            eol: if crlf * 2 > all { "\r\n" } else { "\n" },
            last: text.ends_with('\n') || text.is_empty(),
        }
    }

    /// Merges how the lines end: each property is MINE's where MINE changed it, else THEIRS'.
    fn merged(base: &Self, mine: &Self, theirs: &Self) -> Self {
        Self {
            eol: if mine.eol == base.eol {
                theirs.eol
            } else {
                mine.eol
            },
            last: if mine.last == base.last {
                theirs.last
            } else {
                mine.last
            },
        }
    }

    /// The text, whose lines all end in `\n` unless `verbatim`, with these ends.
    fn apply(&self, text: &str, verbatim: bool) -> String {
        let mut text = if verbatim || self.eol == "\n" {
            text.to_owned()
        } else {
            text.replace('\n', self.eol)
        };
        if !self.last {
            let without = text.strip_suffix('\n').map_or(text.len(), str::len);
            text.truncate(without);
            if self.eol == "\r\n" && text.ends_with('\r') {
                text.pop();
            }
        }
        text
    }
}

impl Text {
    fn new(bytes: &[u8], utf8: bool) -> Self {
        let text = if utf8 {
            String::from_utf8_lossy(bytes).into_owned()
        } else {
            // Every byte is a character of its own: so it survives the way there and back.
            bytes.iter().map(|byte| char::from(*byte)).collect()
        };
        Self {
            ends: Ends::of(&text),
            text,
        }
    }

    /// The text with an end on its last line, and only `\n` for ends unless `verbatim`.
    fn prepared(&self, verbatim: bool) -> String {
        let mut text = if verbatim {
            self.text.clone()
        } else {
            self.text.replace("\r\n", "\n")
        };
        if !self.ends.last {
            text += if verbatim { self.ends.eol } else { "\n" };
        }
        text
    }
}

/// The bytes of a text that was decoded as one.
fn encoded(text: &str, utf8: bool) -> Vec<u8> {
    if utf8 {
        return text.as_bytes().to_vec();
    }
    text.chars()
        .map(|c| u8::try_from(c).unwrap_or(b'?'))
        .collect()
}

struct LineMerge<'a> {
    inputs: &'a Inputs<'a>,
    answers: &'a Answers,
    /// The lines of the three, with their ends.
    texts: [Vec<&'a str>; 3],
    merged: String,
    marked: String,
    outcomes: Vec<MergeOutcome>,
}

impl LineMerge<'_> {
    fn region(&mut self, region: &MergeRegion) {
        let base = self.texts[0][region.base_range()].concat();
        let mine = self.texts[1][region.ours_range()].concat();
        let theirs = self.texts[2][region.theirs_range()].concat();
        let what = (region.ours_range().start + 1).to_string();
        let answer = match region.resolution() {
            MergeResolution::Conflict => self.answers.find(self.inputs.name, &what),
            _ => None,
        };
        let (kind, taken) = match (region.resolution(), answer) {
            (MergeResolution::Unchanged, _) => {
                self.put(&mine);
                return;
            }
            (MergeResolution::Theirs, _) => (of_side(&base, &theirs, Side::Theirs), &theirs),
            (MergeResolution::Ours, _) => (of_side(&base, &mine, Side::Mine), &mine),
            (MergeResolution::Both, _) => (OutcomeKind::SameInBoth, &mine),
            (_, Some(Side::Theirs)) => (OutcomeKind::TakenTheirs, &theirs),
            (_, Some(_)) => (OutcomeKind::KeptMine, &mine),
            (_, None) => (OutcomeKind::Conflict, &mine),
        };
        if kind == OutcomeKind::Conflict {
            self.merged += &mine;
            self.marked += &marked(&base, &mine, &theirs);
        } else {
            self.put(taken);
        }
        let inputs = self.inputs;
        let place = |input: Input<'_>, start: usize, value: &str| SourceLine {
            path: input.path.to_owned(),
            line: start + 1,
            value: value.to_owned(),
        };
        let places = SourceLines {
            base: inputs
                .base
                .map(|input| place(input, region.base_range().start, &base)),
            mine: Some(place(inputs.mine, region.ours_range().start, &mine)),
            theirs: Some(place(inputs.theirs, region.theirs_range().start, &theirs)),
        };
        self.outcomes.push(MergeOutcome::new(kind, what, places));
    }

    fn put(&mut self, text: &str) {
        self.merged += text;
        self.marked += text;
    }
}

/// What became of lines that only one side changed.
fn of_side(base: &str, changed: &str, side: Side) -> OutcomeKind {
    match (base.is_empty(), changed.is_empty(), side) {
        (true, _, Side::Mine) => OutcomeKind::AddedMine,
        (true, ..) => OutcomeKind::AddedTheirs,
        (_, true, Side::Mine) => OutcomeKind::RemovedMine,
        (_, true, _) => OutcomeKind::RemovedTheirs,
        (_, _, Side::Mine) => OutcomeKind::KeptMine,
        _ => OutcomeKind::TakenTheirs,
    }
}

/// The three versions between markers. Each ends in a line break or is empty.
pub(in crate::merge) fn marked(base: &str, mine: &str, theirs: &str) -> String {
    let eol = if mine.ends_with("\r\n") || theirs.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    [
        "<<<<<<< mine",
        eol,
        mine,
        "||||||| base",
        eol,
        base,
        "=======",
        eol,
        theirs,
        ">>>>>>> theirs",
        eol,
    ]
    .concat()
}

#[cfg(test)]
mod tests;
