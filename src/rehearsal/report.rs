//! The report of a rehearsal, for those who weren't there: as Markdown, and as one page of HTML that needs
//! nothing else. Both are made of the same [`ReportPart`]s, so that neither says more.

mod html;
mod markdown;

use std::time::Duration;

pub use html::html;
pub use markdown::markdown;

use super::databases::RehearsedDatabase;
use super::ledger::{Ledger, LedgerEntry};
use super::record::{Rehearsal, RehearsalRecord, RehearsedService, RehearsedStep};
use crate::upgrade::step::Phase;

/// What is told in a report, under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportPart {
    pub(super) heading: String,
    pub(super) blocks: Vec<ReportBlock>,
}

/// A piece of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReportBlock {
    Text(String),
    List(Vec<String>),
    Table {
        head: Vec<&'static str>,
        rows: Vec<Vec<String>>,
    },
    /// Steps with how long each took.
    Chart(Vec<ChartBar>),
    Commands(Vec<String>),
}

/// A bar of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChartBar {
    pub(super) label: String,
    pub(super) value: String,
    /// Of the longest one, in parts of a hundred.
    pub(super) percent: u64,
    /// Whether nobody is served meanwhile.
    pub(super) is_window: bool,
}

/// The report's title.
pub(super) fn title(record: &RehearsalRecord) -> String {
    let (from, to) = (&record.plan.from, &record.plan.to);
    format!("Rehearsal of the upgrade from {from} to {to}")
}

/// All parts; `drifted` is what has drifted since, where that was looked at.
pub(super) fn parts(record: &RehearsalRecord, drifted: Option<&[String]>) -> Vec<ReportPart> {
    let part = |heading: &str, blocks| ReportPart {
        heading: heading.to_owned(),
        blocks,
    };
    let mut parts = vec![part("Outcome", outcome(record))];
    if !record.services.is_empty() {
        parts.push(part("What changes", vec![services(&record.services)]));
    }
    parts.push(part("Times", times(record)));
    for round in &record.rounds {
        let heading = capital(round.kind.words());
        parts.push(part(&heading, steps(round)));
    }
    if !record.databases.is_empty() {
        parts.push(part("Databases after it", vec![databases(record)]));
    }
    if let Some(ledger) = &record.ledger {
        parts.push(part("What would have gone out", heard(ledger)));
    }
    if let Some(round) = record.rounds.first() {
        parts.push(part("Commands", vec![commands(round)]));
    }
    if !record.notes.is_empty() {
        let notes = record.notes.iter();
        let notes = notes.map(|note| format!("step {}: {}", note.step, note.text));
        parts.push(part(
            "Noted for the real thing",
            vec![ReportBlock::List(notes.collect())],
        ));
    }
    parts.push(part("Drifted since", vec![drift(drifted)]));
    parts
}

fn outcome(record: &RehearsalRecord) -> Vec<ReportBlock> {
    let said = match record.is_well() {
        true => "All went as it should: there, back, and there again.",
        false => "Not all is as it should be.",
    };
    let mut blocks = vec![ReportBlock::Text(said.to_owned())];
    if !record.findings.is_empty() {
        blocks.push(ReportBlock::List(record.findings.clone()));
    }
    let facts = [
        ("Rehearsal", record.id.clone()),
        ("Begun", record.made.to_string()),
        ("Plan", record.plan.id.clone()),
        ("transship", record.transship.clone()),
    ];
    let rows = facts.map(|(name, value)| vec![name.to_owned(), value]);
    blocks.push(ReportBlock::Table {
        head: vec!["", ""],
        rows: rows.into(),
    });
    if !record.remarks.is_empty() {
        blocks.push(ReportBlock::List(record.remarks.clone()));
    }
    blocks
}

fn services(services: &[RehearsedService]) -> ReportBlock {
    let shown = |image: &Option<String>| image.clone().unwrap_or_else(|| "-".to_owned());
    let row = |service: &RehearsedService| {
        vec![
            service.name.clone(),
            shown(&service.old_image),
            shown(&service.new_image),
            service.data.join("; "),
        ]
    };
    ReportBlock::Table {
        head: vec!["Service", "Before", "After", "Data"],
        rows: services.iter().map(row).collect(),
    }
}

fn times(record: &RehearsalRecord) -> Vec<ReportBlock> {
    let clone = vec![
        "the clone".to_owned(),
        duration(record.clone.milliseconds),
        "-".to_owned(),
    ];
    let round = |round: &Rehearsal| {
        let downtime = round.downtime.as_ref();
        let downtime = downtime.map_or_else(|| "-".to_owned(), |one| duration(one.milliseconds));
        vec![
            round.kind.words().to_owned(),
            duration(round.milliseconds),
            downtime,
        ]
    };
    let rows = std::iter::once(clone).chain(record.rounds.iter().map(round));
    vec![ReportBlock::Table {
        head: vec!["What", "Took", "Nobody was served for"],
        rows: rows.collect(),
    }]
}

fn steps(round: &Rehearsal) -> Vec<ReportBlock> {
    let mut blocks = Vec::new();
    if let Some(failed) = &round.failed {
        blocks.push(ReportBlock::Text(format!("It failed: {failed}")));
    }
    let taken = |step: &RehearsedStep| step.milliseconds.unwrap_or(0);
    let longest = round.steps.iter().map(taken).max().unwrap_or(0).max(1);
    let bar = |step: &RehearsedStep| ChartBar {
        label: format!("{}. {}", step.number, step.title),
        value: match step.milliseconds {
            Some(milliseconds) => format!("{} ({})", duration(milliseconds), step.state),
            None => step.state.clone(),
        },
        percent: taken(step).saturating_mul(100) / longest,
        is_window: step.phase == Phase::Window,
    };
    blocks.push(match round.steps.is_empty() {
        true => ReportBlock::Text("No step was touched.".to_owned()),
        false => ReportBlock::Chart(round.steps.iter().map(bar).collect()),
    });
    blocks
}

fn commands(round: &Rehearsal) -> ReportBlock {
    let step = |step: &RehearsedStep| {
        let title = format!("# {}. {}", step.number, step.title);
        std::iter::once(title)
            .chain(step.commands.clone())
            .collect::<Vec<_>>()
    };
    ReportBlock::Commands(round.steps.iter().flat_map(step).collect())
}

fn databases(record: &RehearsalRecord) -> ReportBlock {
    let row = |one: &RehearsedDatabase| {
        let found = match one.differences.is_empty() {
            true => "the same".to_owned(),
            false => one.differences.join("; "),
        };
        vec![
            one.service.clone(),
            one.version.clone(),
            one.after.words().to_owned(),
            one.tables.to_string(),
            one.rows.to_string(),
            found,
        ]
    };
    ReportBlock::Table {
        head: vec![
            "Postgres in",
            "Version",
            "After",
            "Tables",
            "Rows",
            "Held against before",
        ],
        rows: record.databases.iter().map(row).collect(),
    }
}

fn heard(ledger: &Ledger) -> Vec<ReportBlock> {
    let row = |entry: &LedgerEntry| vec![entry.heard.to_string(), entry.when()];
    let mut blocks = vec![match ledger.entries.is_empty() {
        true => ReportBlock::Text("Nothing was wanted of a name outside.".to_owned()),
        false => ReportBlock::Table {
            head: vec!["What", "During"],
            rows: ledger.entries.iter().map(row).collect(),
        },
    }];
    let mut told = ledger.remarks();
    told.push(
        "none of it left the clone: its networks lead nowhere, and not to this machine".to_owned(),
    );
    let by_number = "what was sent to an address by number, without a name, led nowhere, too, and isn't among these";
    told.push(by_number.to_owned());
    blocks.push(ReportBlock::List(told));
    blocks
}

fn drift(drifted: Option<&[String]>) -> ReportBlock {
    match drifted {
        None => ReportBlock::Text("That wasn't looked at.".to_owned()),
        Some([]) => ReportBlock::Text("Nothing.".to_owned()),
        Some(drifted) => ReportBlock::List(drifted.to_vec()),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// `300 ms`, `1.3 s`, `4 min 05 s`.
fn duration(milliseconds: u64) -> String {
    let time = Duration::from_millis(milliseconds);
    match time.as_secs() {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (milliseconds, expect) in [(7, "7 ms"), (1340, "1.3 s"), (245_000, "4 min 05 s")] {
            assert_eq!(duration(milliseconds), expect);
        }
        assert_eq!(capital("the way back"), "The way back");
    }
}
