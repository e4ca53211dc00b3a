//! How often each thing was heard, within bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::heard::{HeardLine, Overheard};

/// How many things are told apart.
const MOST: usize = 2000;

/// What was heard, and what of it wasn't told yet.
#[derive(Debug, Default)]
pub(super) struct HeardTally {
    times: BTreeMap<Overheard, u64>,
    changed: BTreeSet<Overheard>,
    /// How often there was something when there was no room any more.
    more: u64,
    has_more: bool,
}

impl HeardTally {
    /// Counts one.
    pub(super) fn add(&mut self, heard: Overheard) {
        let is_known = self.times.contains_key(&heard);
        if !is_known && self.times.len() >= MOST {
            self.more = self.more.saturating_add(1);
            self.has_more = true;
            return;
        }
        let times = self.times.entry(heard.clone()).or_default();
        *times = times.saturating_add(1);
        self.changed.insert(heard);
    }

    /// What has changed since it was last asked for.
    pub(super) fn news(&mut self) -> Vec<HeardLine> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        let line = |heard: Overheard| HeardLine {
            times: self.times.get(&heard).copied().unwrap_or_default(),
            heard: Some(heard),
        };
        let more = std::mem::take(&mut self.has_more).then_some(HeardLine {
            heard: None,
            times: self.more,
        });
        changed.map(line).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Overheard {
        Overheard::Name {
            name: format!("{number:05}.example.com"),
            kind: "A".to_owned(),
        }
    }

    #[test]
    fn what_changed_is_told_with_how_often_in_all() {
        let mut tally = HeardTally::default();
        let line = |number, times| HeardLine {
            heard: Some(name(number)),
            times,
        };
        tally.add(name(1));
        tally.add(name(2));
        tally.add(name(1));
        assert_eq!(tally.news(), [line(1, 2), line(2, 1)]);
        assert_eq!(tally.news(), []);
        tally.add(name(1));
        assert_eq!(tally.news(), [line(1, 3)]);
    }

    #[test]
    fn a_flood_of_things_is_counted_and_not_kept() {
        let mut tally = HeardTally::default();
        (0..MOST + 10).for_each(|number| tally.add(name(number)));
        let news = tally.news();
        assert_eq!(news.len(), MOST + 1);
        let more = HeardLine {
            heard: None,
            times: 10,
        };
        assert_eq!(news.last(), Some(&more));
        tally.add(name(0));
        assert_eq!(tally.news().len(), 1, "what is known is counted on");
    }
}
