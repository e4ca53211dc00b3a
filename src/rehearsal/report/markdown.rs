//! The report as Markdown, as wikis and issue trackers take it.

use super::{ChartBar, ReportBlock, parts, title};
use crate::rehearsal::RehearsalRecord;

/// The report as Markdown; `drifted` is what has drifted since, where that was looked at.
pub fn markdown(record: &RehearsalRecord, drifted: Option<&[String]>) -> String {
    let mut text = format!("# {}\n", escaped(&title(record)));
    for part in parts(record, drifted) {
        text += &format!("\n## {}\n\n", escaped(&part.heading));
        let blocks = part.blocks.iter().map(block);
        text += &blocks.collect::<Vec<_>>().join("\n");
    }
    text
}

fn block(block: &ReportBlock) -> String {
    match block {
        ReportBlock::Text(said) => format!("{}\n", escaped(said)),
        ReportBlock::List(items) => {
            let items = items.iter().map(|item| format!("- {}\n", escaped(item)));
            items.collect()
        }
        ReportBlock::Table { head, rows } => {
            let head: Vec<String> = head.iter().map(ToString::to_string).collect();
            let rule = vec!["---".to_owned(); head.len()];
            let rows = rows
                .iter()
                .map(|row| row.iter().map(|cell| escaped(cell)).collect());
            let rows = [head, rule].into_iter().chain(rows);
            let lines = rows.map(|row: Vec<String>| format!("| {} |\n", row.join(" | ")));
            lines.collect::<Vec<_>>().concat()
        }
        ReportBlock::Chart(bars) => {
            let bars = bars.iter().map(bar);
            format!(
                "| Step | Took | |\n| --- | --- | --- |\n{}",
                bars.collect::<String>()
            )
        }
        ReportBlock::Commands(lines) => {
            // Four spaces need no fence that a command could end.
            let lines = lines.iter();
            let lines = lines.map(|line| format!("    {}\n", line.replace('\n', " ")));
            lines.collect::<Vec<_>>().concat()
        }
    }
}

fn bar(bar: &ChartBar) -> String {
    let cells = usize::try_from(bar.percent.div_ceil(10)).unwrap_or(10);
    let shown = if bar.is_window { "█" } else { "░" }.repeat(cells);
    format!(
        "| {} | {} | {shown} |\n",
        escaped(&bar.label),
        escaped(&bar.value)
    )
}

/// As text that means nothing to Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' | '\r' => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_hold_means_nothing_to_markdown() {
        for (text, expect) in [
            ("a|b", "a\\|b"),
            ("<script>", "\\<script\\>"),
            ("*x* _y_ `z`", "\\*x\\* \\_y\\_ \\`z\\`"),
            ("one\ntwo", "one two"),
        ] {
            assert_eq!(escaped(text), expect);
        }
    }
}
