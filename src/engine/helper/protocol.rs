//! What transship says to its helper, and the helper to transship: one JSON object a line.
//!
//! The helper reads one [`HelperRequest`] from its standard input, which then stays open as long as
//! somebody wants the answer: its end is the wish to stop. On its standard output it says
//! [`HelperEvent::Hello`] first, then [`HelperEvent::At`] at least four times a second, so that silence
//! means that it is gone, and last [`HelperEvent::Done`] or [`HelperEvent::Failed`]. A manifest goes
//! before `Done`, as mtree text in pieces, and so does what a copy differs in.
//!
//! Versions: 1 is the first; 2 verifies a copy in the container that made it. Both sides refuse any other than their own: the program that
//! asks brings the helper along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::Kind;
use crate::tree::{Difference, DifferenceKind, Holds, Lost, Problem, Survey};

/// What a request is recognised by.
pub(super) const FORMAT: &str = "transship-helper";

/// The version of the protocol that this program speaks; any other is refused.
pub(super) const VERSION: u32 = 2;

/// The longest line that either side takes, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

/// How much of a manifest goes into one line, in bytes.
pub(super) const PIECE: usize = 64 << 10;

/// The folder in the helper's container in which volumes are mounted, by their names.
pub(super) const VOLUMES: &str = "/volumes";

/// The one line to the helper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HelperRequest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// What to do.
    pub work: HelperWork,
}

/// What the helper is asked to do; volumes are named as they are mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::engine) enum HelperWork {
    /// Tell how much is free for the engine's data.
    Free,
    /// Count.
    Survey { volume: String },
    /// Tell whether it is empty.
    Holds { volume: String },
    /// Tell what is in it.
    Observe {
        volume: String,
        contents: bool,
        media: bool,
    },
    /// Copy one volume to another; with `verify`, read the copy back and compare it with what
    /// was copied, for which it takes `digest`.
    Copy {
        source: String,
        target: String,
        digest: bool,
        live: bool,
        verify: bool,
    },
    /// Remove everything in it.
    Clear { volume: String },
    /// Give it as a stream, which follows the hello on standard output. With `have`, what is
    /// there already comes on standard input first, as [`HelperEvent::Manifest`] and
    /// [`HelperEvent::Ready`].
    Send { volume: String, have: bool },
    /// Fill it with a stream, which follows on standard input after [`HelperEvent::Ready`]; with
    /// `update`, what there is comes before that.
    Receive { volume: String, update: bool },
}

/// A line of the helper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum HelperEvent {
    /// The helper is up and can be given work.
    Hello { format: String, version: u32 },
    /// What a copy will come to.
    Total { bytes: u64 },
    /// How far it is, counted from the beginning.
    At { bytes: u64, files: u64 },
    /// Something worth saying.
    Note { line: String },
    /// A piece of a manifest.
    Manifest { text: String },
    /// In what the copy differs: one such line for each difference.
    Differs(Differs),
    /// After the manifest: the stream may begin.
    Ready,
    /// The work is done.
    Done { answer: HelperAnswer },
    /// The work has failed.
    Failed(Failed),
}

/// What work gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::engine) enum HelperAnswer {
    Free(u64),
    Survey(Survey),
    Holds(Holds),
    /// The manifest has gone before.
    Observed,
    /// With digests, the manifest has gone before.
    Copied {
        counts: Survey,
        problems: Vec<WireProblem>,
        left_out: u64,
    },
    Cleared,
}

/// A [`Problem`], its path as base64: any bytes can be a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engine) struct WireProblem {
    path: String,
    lost: Lost,
    reason: String,
}

/// A [`Difference`], its path as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Differs {
    path: String,
    kind: DifferenceKind,
    expected: String,
    found: String,
}

/// An error, as its kind, its texts and its hints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed {
    pub kind: FailedKind,
    pub message: String,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
}

/// [`Kind`], as far as the helper's work can end so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FailedKind {
    Usage,
    Refused,
    Failed,
    Interrupted,
}

impl From<Kind> for FailedKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::Refused => Self::Refused,
            Kind::Failed | Kind::RolledBack | Kind::Untold => Self::Failed,
            Kind::Interrupted => Self::Interrupted,
        }
    }
}

impl From<FailedKind> for Kind {
    fn from(kind: FailedKind) -> Self {
        match kind {
            FailedKind::Usage => Self::Usage,
            FailedKind::Refused => Self::Refused,
            FailedKind::Failed => Self::Failed,
            FailedKind::Interrupted => Self::Interrupted,
        }
    }
}

impl WireProblem {
    pub(super) fn of(problem: &Problem) -> Self {
        Self {
            path: STANDARD.encode(&problem.path),
            lost: problem.lost,
            reason: problem.reason.clone(),
        }
    }

    /// Nothing where its path is no base64.
    pub(in crate::engine) fn problem(&self) -> Option<Problem> {
        Some(Problem {
            path: STANDARD.decode(&self.path).ok()?,
            lost: self.lost,
            reason: shown(&self.reason),
        })
    }
}

impl Differs {
    pub(super) fn of(difference: &Difference) -> Self {
        Self {
            path: STANDARD.encode(&difference.path),
            kind: difference.kind,
            expected: shown(&difference.expected),
            found: shown(&difference.found),
        }
    }

    /// How much there is to it, in bytes.
    pub(super) fn length(&self) -> usize {
        size_of::<Difference>() + self.path.len() + self.expected.len() + self.found.len()
    }

    /// Nothing where its path is no base64.
    pub(super) fn difference(&self) -> Option<Difference> {
        Some(Difference {
            path: STANDARD.decode(&self.path).ok()?,
            kind: self.kind,
            expected: shown(&self.expected),
            found: shown(&self.found),
        })
    }
}

/// Text of the helper's as it may reach a terminal: printable, and no longer than a few
/// lines.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 2000;
    let printable = text.chars().filter(|c| !c.is_control()).take(MOST);
    printable.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_comes_through_with_any_path() {
        let problem = Problem {
            path: b"a/\xff\n".to_vec(),
            lost: Lost::Node,
            reason: "not permitted".to_owned(),
        };
        assert_eq!(WireProblem::of(&problem).problem(), Some(problem));
        for path in ["0", "zz", "é"] {
            let trouble = WireProblem {
                path: path.to_owned(),
                lost: Lost::Node,
                reason: String::new(),
            };
            assert_eq!(trouble.problem(), None, "{path}");
        }
    }

    #[test]
    fn version_2_is_written_as_it_always_was() {
        let request = HelperRequest {
            format: FORMAT.to_owned(),
            version: VERSION,
            work: HelperWork::Copy {
                source: "a1".to_owned(),
                target: "b1".to_owned(),
                digest: true,
                live: false,
                verify: true,
            },
        };
        let line = r#"{"format":"transship-helper","version":2,"work":{"do":"copy","source":"a1","target":"b1","digest":true,"live":false,"verify":true}}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), line);
        for (event, line) in [
            (
                HelperEvent::At { bytes: 7, files: 1 },
                r#"{"is":"at","bytes":7,"files":1}"#,
            ),
            (
                HelperEvent::Done {
                    answer: HelperAnswer::Holds(Holds::Part),
                },
                r#"{"is":"done","answer":{"holds":"part"}}"#,
            ),
            (
                HelperEvent::Differs(Differs::of(&Difference {
                    path: b"a\xff".to_vec(),
                    kind: DifferenceKind::Mode,
                    expected: "0600".to_owned(),
                    found: "0644".to_owned(),
                })),
                r#"{"is":"differs","path":"Yf8=","kind":"mode","expected":"0600","found":"0644"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), line);
            assert_eq!(serde_json::from_str::<HelperEvent>(line).unwrap(), event);
        }
    }

    #[test]
    fn nothing_of_the_helpers_moves_the_cursor() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a[2Jb");
        assert_eq!(shown(&"x".repeat(9999)).len(), 2000);
    }
}
