//! The report as one page of HTML: no script, nothing from elsewhere, light and dark as the reader has it,
//! and fit to be printed.

use super::{ChartBar, ReportBlock, parts, title};
use crate::rehearsal::RehearsalRecord;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #595959; --line: #ccc;
  --bar: #2f6f9f; --window: #a8460a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --faint: #b0b0b0;
  --line: #444; --bar: #6fb1e0; --window: #f09a5c; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: 600; overflow-wrap: normal; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); font-size: .875rem; }
.bar { display: block; height: .75rem; min-width: 1px; background: var(--bar); }
.window { background: var(--window); }
.chart td:last-child { width: 35%; }
@media (max-width: 40rem) { table { font-size: .875rem; } th, td { padding-right: .5rem; } ul { padding-left: 1.25rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } pre { white-space: pre-wrap; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } .bar { print-color-adjust: exact; } }
";

/// The report as a page of HTML; `drifted` is what has drifted since, where that was looked at.
pub fn html(record: &RehearsalRecord, drifted: Option<&[String]>) -> String {
    let title = escaped(&title(record));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    for part in parts(record, drifted) {
        page += &format!("<h2>{}</h2>\n", escaped(&part.heading));
        page.extend(part.blocks.iter().map(block));
    }
    page + "</main>\n</body>\n</html>\n"
}

fn block(block: &ReportBlock) -> String {
    match block {
        ReportBlock::Text(said) => format!("<p>{}</p>\n", escaped(said)),
        ReportBlock::List(items) => {
            let items = items
                .iter()
                .map(|item| format!("<li>{}</li>\n", escaped(item)));
            format!("<ul>\n{}</ul>\n", items.collect::<String>())
        }
        ReportBlock::Table { head, rows } if head.iter().all(|name| name.is_empty()) => {
            let rows = rows.iter().map(|row| fact(row));
            format!(
                "<table>\n<tbody>\n{}</tbody>\n</table>\n",
                rows.collect::<String>()
            )
        }
        ReportBlock::Table { head, rows } => {
            let rows = rows.iter().map(|row| {
                let cells = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell)));
                format!("<tr>{}</tr>\n", cells.collect::<String>())
            });
            table("", head, &rows.collect::<String>())
        }
        ReportBlock::Chart(bars) => {
            let head = ["Step", "Took", "Of the longest"];
            table(
                " class=\"chart\"",
                &head,
                &bars.iter().map(bar).collect::<String>(),
            )
        }
        ReportBlock::Commands(lines) => {
            // Who scrolls it by the keyboard has to get there.
            format!("<pre tabindex=\"0\">{}</pre>\n", escaped(&lines.join("\n")))
        }
    }
}

/// A row whose first cell says what the rest is.
fn fact(row: &[String]) -> String {
    let (name, values) = row
        .split_first()
        .map_or(("", &[][..]), |(name, values)| (name, values));
    let values = values
        .iter()
        .map(|cell| format!("<td>{}</td>", escaped(cell)));
    format!(
        "<tr><th scope=\"row\">{}</th>{}</tr>\n",
        escaped(name),
        values.collect::<String>()
    )
}

fn table(class: &str, head: &[&str], rows: &str) -> String {
    let head = head
        .iter()
        .map(|name| format!("<th scope=\"col\">{}</th>", escaped(name)));
    let head: String = head.collect();
    format!(
        "<table{class}>\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    )
}

fn bar(bar: &ChartBar) -> String {
    let (label, value) = (escaped(&bar.label), escaped(&bar.value));
    let (class, told) = match bar.is_window {
        true => ("bar window", ", while nobody is served"),
        false => ("bar", ""),
    };
    let percent = bar.percent.min(100);
    format!(
        "<tr><td>{label}</td><td>{value}{told}</td><td><span class=\"{class}\" \
         style=\"width: {percent}%\"></span></td></tr>\n"
    )
}

/// As text and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // No parser takes them.
            letter if letter.is_control() && letter != '\n' && letter != '\t' => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_hold_is_no_markup() {
        assert_eq!(
            escaped("<a href=\"x\">&\u{7}"),
            "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd}"
        );
    }
}
