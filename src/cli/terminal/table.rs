//! Columns of text, as wide as they need to be.

use unicode_width::UnicodeWidthStr;

/// The rows under their headings; columns two spaces apart, no trailing spaces.
pub(crate) fn render<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(ToOwned::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let width = |column: usize| all().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    all().map(|row| line(row, &widths) + "\n").collect()
}

fn line<const N: usize>(row: &[String; N], widths: &[usize]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| cell.to_owned() + &" ".repeat(width - cell.width()));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["web".to_owned(), "nginx:1".to_owned()],
            ["a-db".to_owned(), String::new()],
        ];
        assert_eq!(
            render(["SERVICE", "IMAGE"], &rows),
            "SERVICE  IMAGE\nweb      nginx:1\na-db\n"
        );
    }

    #[test]
    fn a_cell_is_as_wide_as_a_terminal_shows_it() {
        let rows = [
            ["データ".to_owned(), "a".to_owned()],
            // An accent that is a character of its own.
            ["cafe\u{301}".to_owned(), "b".to_owned()],
        ];
        assert_eq!(
            render(["KEY", "NAME"], &rows),
            "KEY     NAME\nデータ  a\ncafe\u{301}    b\n"
        );
    }
}
