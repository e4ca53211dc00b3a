//! The three files side by side, path by path: who changed what, and the change that THEIRS
//! gets for it.

use super::super::answer::Answers;
use super::super::outcome::{Inputs, MergeOutcome, OutcomeKind, Side, SourceLines};
use super::edits::{Edits, Refusal};
use super::image::{self, ImageVerdict};
use super::node::{ChildNode, NodeAt, siblings};
use super::op::{MergeOp, OpKind, Replacement};
use super::{comments, root};
use crate::compose::Document;

/// A merge under way.
pub(super) struct MergeWalk<'a> {
    inputs: &'a Inputs<'a>,
    answers: &'a Answers,
    pub(super) edits: Edits<'a>,
    pub(super) outcomes: Vec<MergeOutcome>,
    /// What was changed in THEIRS, and how.
    pub(super) changes: Vec<ChangedPath>,
    /// How many changes of MINE couldn't be made.
    refused: usize,
}

/// How far a walk has come.
struct WalkState {
    ops: usize,
    outcomes: usize,
    changes: usize,
    refused: usize,
}

/// A path at which THEIRS was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangedPath {
    pub(super) parent: Vec<String>,
    pub(super) name: String,
    pub(super) how: ChangeKind,
}

/// How a path was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Set,
    Inserted,
    Removed,
}

/// One path in the three files.
#[derive(Clone)]
struct ThreeValues<'a> {
    base: Option<ChildNode<'a>>,
    mine: Option<ChildNode<'a>>,
    theirs: Option<ChildNode<'a>>,
    /// Where it is, or would be, in THEIRS, and behind which of its siblings.
    parent: NodeAt<'a>,
    after: Option<ChildNode<'a>>,
}

impl<'a> MergeWalk<'a> {
    pub(super) fn new(
        inputs: &'a Inputs<'a>,
        answers: &'a Answers,
        base: Option<&Document>,
        theirs: &'a Document,
    ) -> Self {
        let base = base.map(comments).unwrap_or_default();
        let base = base.into_iter().map(|(_, text)| text).collect();
        Self {
            inputs,
            answers,
            edits: Edits::new(theirs, base),
            outcomes: Vec::new(),
            changes: Vec::new(),
            refused: 0,
        }
    }

    pub(super) fn all(
        &mut self,
        base: Option<&'a Document>,
        mine: &'a Document,
        theirs: &'a Document,
    ) {
        let base = base.and_then(root);
        if let (Some(mine), Some(theirs)) = (root(mine), root(theirs)) {
            self.inside(&mut Vec::new(), base, mine, theirs);
        }
    }

    /// Compares what is in three collections; false if one of them is none.
    fn inside(
        &mut self,
        path: &mut Vec<String>,
        base: Option<NodeAt<'a>>,
        mine: NodeAt<'a>,
        theirs: NodeAt<'a>,
    ) -> bool {
        let Some([olds, mines, news]) = siblings([base, Some(mine), Some(theirs)], path) else {
            return false;
        };
        let find = |list: &[ChildNode<'a>], name: &str| {
            list.iter().find(|child| child.name == name).cloned()
        };
        for new in &news {
            let three = ThreeValues {
                base: find(&olds, &new.name),
                mine: find(&mines, &new.name),
                theirs: Some(new.clone()),
                parent: theirs,
                after: None,
            };
            self.child(path, &new.name, &three);
        }
        let mut after = None;
        let of_mine = mines.iter().map(|child| &child.name);
        let only_old = olds.iter().map(|child| &child.name);
        let only_old = only_old.filter(|name| find(&mines, name).is_none());
        for name in of_mine.chain(only_old) {
            if let Some(sibling) = find(&news, name) {
                after = Some(sibling);
                continue;
            }
            let three = ThreeValues {
                base: find(&olds, name),
                mine: find(&mines, name),
                theirs: None,
                parent: theirs,
                after: after.clone(),
            };
            self.child(path, name, &three);
        }
        true
    }

    fn child(&mut self, path: &mut Vec<String>, name: &str, three: &ThreeValues<'a>) {
        use OutcomeKind::{
            AddedMine, AddedTheirs, KeptMine, RemovedMine, RemovedTheirs, SameInBoth, TakenTheirs,
        };
        let place = KeyPlace {
            parent: path.clone(),
            name: name.to_owned(),
        };
        match (&three.base, &three.mine, &three.theirs) {
            (Some(base), Some(mine), Some(theirs)) if mine.is(base) && theirs.is(base) => {}
            (Some(_), None, None) => self.tell(SameInBoth, &place, three, None),
            (None, None, _) => self.tell(AddedTheirs, &place, three, None),
            (None, Some(_), None) => self.change(AddedMine, &place, three),
            (Some(base), None, Some(theirs))
                if theirs.is(base) || (path == &["services"] && differ_by_image(base, theirs)) =>
            {
                self.change(RemovedMine, &place, three);
            }
            (Some(base), Some(mine), None) if mine.is(base) => {
                self.tell(RemovedTheirs, &place, three, None);
            }
            (_, Some(mine), Some(theirs)) => {
                let base = three.base.as_ref();
                let kept = base.is_some_and(|base| theirs.is(base));
                let taken = base.is_some_and(|base| mine.is(base));
                let before = self.state();
                path.push(name.to_owned());
                let went_in = self.inside(path, base.map(|b| b.value), mine.value, theirs.value);
                path.pop();
                if went_in {
                    // What can't be changed bit by bit, and is as it was in BASE, may be put
                    // there whole.
                    if kept && self.refused > before.refused {
                        self.instead(&before, &place, three);
                    }
                } else if mine.is(theirs) {
                    self.tell(SameInBoth, &place, three, None);
                } else if taken {
                    self.tell(TakenTheirs, &place, three, None);
                } else if kept {
                    self.change(KeptMine, &place, three);
                } else {
                    self.both(&place, three);
                }
            }
            _ => self.conflict(&place, three),
        }
    }

    fn state(&self) -> WalkState {
        WalkState {
            ops: self.edits.ops.len(),
            outcomes: self.outcomes.len(),
            changes: self.changes.len(),
            refused: self.refused,
        }
    }

    /// Goes back to `before`, and sets the whole of a path to what MINE has.
    fn instead(&mut self, before: &WalkState, place: &KeyPlace, three: &ThreeValues<'a>) {
        let ops = self.edits.ops.split_off(before.ops);
        if let Ok(how) = self.make(three) {
            self.outcomes.truncate(before.outcomes);
            self.changes.truncate(before.changes);
            self.refused = before.refused;
            self.done(Ok(()), OutcomeKind::KeptMine, how, place, three);
        } else {
            self.edits.ops.extend(ops);
        }
    }

    /// Decides on a value that both sides changed or added, each in its own way.
    fn both(&mut self, place: &KeyPlace, three: &ThreeValues<'a>) {
        let is_image =
            place.name == "image" && place.parent.len() == 2 && place.parent[0] == "services";
        let text =
            |child: &Option<ChildNode<'a>>| child.as_ref().and_then(|child| child.value.scalar());
        let texts = (text(&three.base), text(&three.mine), text(&three.theirs));
        let (true, (Some(base), Some(mine), Some(theirs))) = (is_image, texts) else {
            return self.conflict(place, three);
        };
        match image::decide(base, mine, theirs) {
            // Whoever has said otherwise has the last word.
            ImageVerdict::Theirs if self.is_answered(place) => self.conflict(place, three),
            ImageVerdict::Theirs => {
                let note = "an image's tag follows the release";
                self.tell(OutcomeKind::TakenTheirs, place, three, Some(note));
            }
            ImageVerdict::Mixed(image) => {
                let done = self.set(three, Replacement::Text(image));
                self.done(done, OutcomeKind::KeptMine, ChangeKind::Set, place, three);
            }
            ImageVerdict::Conflict => self.conflict(place, three),
        }
    }

    fn is_answered(&self, place: &KeyPlace) -> bool {
        self.answers
            .find(self.inputs.name, &place.dotted())
            .is_some()
    }

    fn conflict(&mut self, place: &KeyPlace, three: &ThreeValues<'a>) {
        let what = place.dotted();
        match self.answers.find(self.inputs.name, &what) {
            Some(Side::Theirs) if three.theirs.is_none() => {
                self.tell(OutcomeKind::RemovedTheirs, place, three, None);
            }
            Some(Side::Theirs) => self.tell(OutcomeKind::TakenTheirs, place, three, None),
            Some(Side::Base) => {
                let was = ThreeValues {
                    mine: three.base.clone(),
                    ..three.clone()
                };
                self.change(OutcomeKind::KeptMine, place, &was);
            }
            Some(_) if three.mine.is_none() => self.change(OutcomeKind::RemovedMine, place, three),
            Some(_) => self.change(OutcomeKind::KeptMine, place, three),
            None => {
                let note = match (&three.base, &three.mine, &three.theirs) {
                    _ if self.inputs.base.is_none() => Some("there is no pristine copy"),
                    (_, None, _) => Some("I removed it"),
                    (_, _, None) => Some("they removed it"),
                    _ => None,
                };
                self.tell(OutcomeKind::Conflict, place, three, note);
                // What stands in the result until there is an answer, if it can.
                if let Ok(how) = self.make(three) {
                    self.record(place, how);
                }
            }
        }
    }

    /// Makes MINE's change on THEIRS, or says why that can't be.
    fn change(&mut self, kind: OutcomeKind, place: &KeyPlace, three: &ThreeValues<'a>) {
        match self.make(three) {
            Ok(how) => self.done(Ok(()), kind, how, place, three),
            Err(reason) => self.done(Err(reason), kind, ChangeKind::Set, place, three),
        }
    }

    fn done(
        &mut self,
        done: Result<(), Refusal>,
        kind: OutcomeKind,
        how: ChangeKind,
        place: &KeyPlace,
        three: &ThreeValues<'a>,
    ) {
        match done {
            Ok(()) => {
                self.record(place, how);
                self.tell(kind, place, three, None);
            }
            Err(_)
                if self.answers.find(self.inputs.name, &place.dotted()) == Some(Side::Theirs) =>
            {
                self.tell(OutcomeKind::TakenTheirs, place, three, None);
            }
            Err(reason) => {
                self.refused += 1;
                let note = format!("my change can't be made in theirs: {reason}");
                self.tell(OutcomeKind::Conflict, place, three, Some(&note));
            }
        }
    }

    fn make(&mut self, three: &ThreeValues<'a>) -> Result<ChangeKind, Refusal> {
        let Some(mine) = &three.mine else {
            let Some(theirs) = three.theirs.clone() else {
                return Ok(ChangeKind::Removed);
            };
            self.edits.add(MergeOp {
                parent: three.parent,
                act: OpKind::Remove(theirs),
            })?;
            return Ok(ChangeKind::Removed);
        };
        // The same form, or one that a pair can be turned into.
        let put = match (&mine.pair, three.parent.is_list() == mine.key.is_none()) {
            (_, true) => Replacement::Like(mine.clone()),
            (Some(pair), false) => Replacement::KeyValue(pair.clone()),
            (None, false) => return Err("it is written in another form there".to_owned()),
        };
        if three.theirs.is_some() {
            self.set(three, put)?;
            return Ok(ChangeKind::Set);
        }
        self.edits.add(MergeOp {
            parent: three.parent,
            act: OpKind::Insert(three.after.clone(), put),
        })?;
        Ok(ChangeKind::Inserted)
    }

    fn set(&mut self, three: &ThreeValues<'a>, put: Replacement<'a>) -> Result<(), Refusal> {
        let Some(theirs) = three.theirs.clone() else {
            return Err("it is not there".to_owned());
        };
        self.edits.add(MergeOp {
            parent: three.parent,
            act: OpKind::Set(theirs, put),
        })
    }

    fn record(&mut self, place: &KeyPlace, how: ChangeKind) {
        self.changes.push(ChangedPath {
            parent: place.parent.clone(),
            name: place.name.clone(),
            how,
        });
    }

    fn tell(
        &mut self,
        kind: OutcomeKind,
        place: &KeyPlace,
        three: &ThreeValues<'a>,
        note: Option<&str>,
    ) {
        let at = |child: &Option<ChildNode<'a>>| child.as_ref().map(ChildNode::place);
        let places = SourceLines {
            base: at(&three.base),
            mine: at(&three.mine),
            theirs: at(&three.theirs),
        };
        let outcome = MergeOutcome::new(kind, place.dotted(), places);
        self.outcomes.push(match note {
            Some(note) => outcome.because(note),
            None => outcome,
        });
    }
}

/// True for two services that are the same but for their images: the tags of a service that I
/// did away with are none of mine.
fn differ_by_image(one: &ChildNode<'_>, other: &ChildNode<'_>) -> bool {
    let path = ["services".to_owned(), one.name.clone()];
    let siblings = siblings([Some(one.value), Some(other.value)], &path);
    siblings.is_some_and(|lists| {
        let [one, other] = lists.map(|list| {
            let rest = list.into_iter().filter(|child| child.name != "image");
            rest.collect::<Vec<_>>()
        });
        one.len() == other.len()
            && one
                .iter()
                .all(|child| other.iter().any(|o| o.name == child.name && o.is(child)))
    })
}

/// A key in a compose file, or an entry of a list.
struct KeyPlace {
    /// The keys that lead to it, from the top.
    parent: Vec<String>,
    name: String,
}

impl KeyPlace {
    /// As answers name it: `services.web.ports`.
    fn dotted(&self) -> String {
        let mut parts = self.parent.clone();
        parts.push(self.name.clone());
        parts.join(".")
    }
}
