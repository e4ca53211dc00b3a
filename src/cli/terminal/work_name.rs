//! What work is called on a line that has little room.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What work on a path is called: by its last name, and by a volume's where it is in an engine's folder.
pub(super) fn called(what: &str) -> &str {
    let own = what.strip_suffix("/_data").unwrap_or(what);
    match own.starts_with(['/', '.']) || !own.contains(' ') {
        true => own.rsplit('/').find(|name| !name.is_empty()).unwrap_or(own),
        false => own,
    }
}

/// As much of a name as has room, its end: that tells names apart.
pub(super) fn cut_front(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let mut room = columns.saturating_sub(2);
    let end = name.chars().rev().take_while(|c| {
        let width = c.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    });
    let end: Vec<char> = end.collect();
    let dots = &".."[..columns.min(2)];
    format!("{dots}{}", end.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_called_by_the_volume_or_the_last_name() {
        for (what, name) in [
            ("/var/lib/docker/volumes/v2_db/_data", "v2_db"),
            ("/srv/insight/volumes/v2_db", "v2_db"),
            ("volumes/v2_db", "v2_db"),
            ("./copied/", "copied"),
            ("volume v2_db", "volume v2_db"),
            ("reading the release", "reading the release"),
            ("/", "/"),
        ] {
            assert_eq!(called(what), name);
        }
    }

    #[test]
    fn a_long_name_leaves_room_on_the_line() {
        assert_eq!(cut_front("v2_db", 28), "v2_db");
        let long = cut_front("insight_v2_10_5_postgres_of_the_reports_data", 28);
        assert_eq!(long, "..stgres_of_the_reports_data");
        assert!(cut_front(&"データ".repeat(9), 28).width() <= 28);
        assert_eq!(cut_front("v2_db", 1), ".");
    }
}
