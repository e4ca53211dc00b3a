//! How versions are ordered as people write them: `v2.10.5`, `1.8.7`, `2024.12`, `24.04-rc1`,
//! `17.3.1-ce.0`, `2.0b1`, folders by date.
//!
//! A version comes to a list of parts that compare one by one. What only decorates it doesn't count: a
//! `v`, a product's name before the first digit, which of `.` `-` `_` stands between two numbers,
//! zeros at the end (`2.0` is `2`).

use std::cmp::Ordering;

use super::Version;

/// A run of digits, or a word, in the order in which they sort where two versions part. Numbers are
/// kept as digits without leading zeros, since a date stamp may be longer than any integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VersionPart<'a> {
    /// `-rc`, by how far on it is: before the release itself.
    PreRelease(usize),
    /// Nothing more.
    End,
    /// Any other word: `hotfix`, `ce`. After the release, before its next point release.
    Word(&'a str),
    /// A number, by its length, then its digits.
    Number(usize, &'a str),
}

/// The words of versions that come before the release they name, in their order.
const BEFORE: [&[&str]; 5] = [
    &[
        "dev",
        "snapshot",
        "nightly",
        "canary",
        "unstable",
        "experimental",
    ],
    &["alpha", "a"],
    &["beta", "b", "milestone", "m"],
    &["pre", "preview", "prerelease", "ea"],
    &["rc", "cr", "c"],
];

impl<'a> VersionPart<'a> {
    fn number(digits: &'a str) -> Self {
        let significant = digits.trim_start_matches('0');
        Self::Number(significant.len(), significant)
    }

    /// The word, followed by a digit or not.
    fn word(word: &'a str, is_numbered: bool) -> Self {
        let lower = word.to_lowercase();
        let rank = BEFORE.iter().position(|words| words.contains(&&*lower));
        match rank {
            // One letter alone is a point release of some (`1.0.2a`); `2.0b1` is a beta.
            Some(rank) if word.len() > 1 || is_numbered => Self::PreRelease(rank),
            _ => Self::Word(word),
        }
    }
}

/// The parts of a version, all zeros included, without an end.
pub(super) fn parts(version: &Version) -> Vec<VersionPart<'_>> {
    let name = version.as_str();
    let runs = runs(name);
    let has_number = runs.iter().any(|run| is_number(run));
    let mut parts = Vec::new();
    let mut is_build = false;
    for (index, run) in runs.iter().enumerate() {
        let next = runs.get(index + 1);
        let is_numbered = next.is_some_and(|next| is_number(next));
        is_build |= run.contains('+');
        if is_number(run) {
            match date(run).filter(|_| parts.is_empty()) {
                Some(date) => parts.extend(date.into_iter().map(VersionPart::number)),
                None => parts.push(VersionPart::number(run)),
            }
        } else if is_separator(run) || has_number && parts.is_empty() {
            // Between the parts, or a product's name before the version.
        } else if !(matches!(*run, "v" | "V") && is_numbered) {
            parts.push(match is_build {
                true => VersionPart::Word(run),
                false => VersionPart::word(run, is_numbered),
            });
        }
    }
    parts
}

/// Which of two versions comes first; equal where they say the same.
pub(super) fn compare(a: &Version, b: &Version) -> Ordering {
    key(a).cmp(&key(b))
}

fn key(version: &Version) -> Vec<VersionPart<'_>> {
    let mut key: Vec<VersionPart<'_>> = Vec::new();
    for part in parts(version).into_iter().chain([VersionPart::End]) {
        if !matches!(part, VersionPart::Number(..)) {
            while matches!(
                key.as_slice(),
                [.., VersionPart::Number(..), VersionPart::Number(0, _)]
            ) {
                key.pop();
            }
        }
        key.push(part);
    }
    key
}

fn is_number(run: &str) -> bool {
    run.starts_with(|c: char| c.is_ascii_digit())
}

fn is_separator(run: &str) -> bool {
    run.starts_with(is_between)
}

fn is_between(c: char) -> bool {
    "._-+ ".contains(c)
}

/// The runs of digits, of letters, and of what stands between them.
fn runs(name: &str) -> Vec<&str> {
    let class = |c: char| (c.is_ascii_digit(), is_between(c));
    let mut runs = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| class(c) != class(first));
        let (run, tail) = rest.split_at(end.unwrap_or(rest.len()));
        runs.push(run);
        rest = tail;
    }
    runs
}

/// The year, month and day of `20241201`, and the time of day where it follows.
fn date(digits: &str) -> Option<Vec<&str>> {
    let within = |text: &str, from: u8, to: u8| {
        let value = text.parse::<u8>();
        value.is_ok_and(|value| (from..=to).contains(&value))
    };
    let is_dated = matches!(digits.len(), 8 | 12 | 14)
        && within(&digits[..2], 19, 20)
        && within(&digits[4..6], 1, 12)
        && within(&digits[6..8], 1, 31);
    let day = || vec![&digits[..4], &digits[4..6], &digits[6..8]];
    is_dated.then(|| match digits.len() {
        8 => day(),
        _ => [day(), vec![&digits[8..]]].concat(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    /// Each comes before the next, and before all that follow.
    fn check_order(names: &[&str]) {
        for (index, first) in names.iter().enumerate() {
            for second in &names[index + 1..] {
                let (first, second) = (version(first), version(second));
                assert_eq!(compare(&first, &second), Ordering::Less, "{first} {second}");
                assert_eq!(compare(&second, &first), Ordering::Greater);
                assert!(first < second);
            }
        }
    }

    #[test]
    fn numbers_count_by_value() {
        check_order(&["1.0", "v1.3.2", "v1.03.10", "v2.9.0", "v2.10.5", "v10.0"]);
        check_order(&["1.7.14", "1.8.0", "1.8.7", "1.9.0", "2.0"]);
        check_order(&["99999999999999999999998", "99999999999999999999999"]);
    }

    #[test]
    fn what_comes_before_a_release_is_told_by_its_word() {
        check_order(&[
            "2.10-dev3",
            "2.10-alpha",
            "v2.10.0b1",
            "2.10-beta.2",
            "2.10_pre",
            "2.10-RC1",
            "2.10rc2",
            "2.10.rc10",
            "2.10",
            "2.10.1",
        ]);
        check_order(&["24.04-rc1", "24.04", "24.04.1", "24.10"]);
        check_order(&["3.0.0-M2", "3.0.0-rc1", "3.0.0"]);
    }

    #[test]
    fn what_comes_after_a_release_stands_before_the_next_one() {
        check_order(&["2.10.5", "2.10.5-hotfix1", "2.10.5-hotfix2", "2.10.5.1"]);
        check_order(&["1.0.2", "1.0.2a", "1.0.2k", "1.0.3"]);
        check_order(&["17.3.1", "17.3.1-ce.0", "17.3.2-ce.0"]);
        check_order(&["1.0", "1.0+rc1", "1.1"]);
        check_order(&["1.2", "1.2-1", "1.2-2", "1.3"]);
    }

    #[test]
    fn dates_are_in_order_however_they_are_written() {
        check_order(&["2023.12", "2024.2", "2024-10", "2024.12"]);
        check_order(&["2024-11-30", "20241201", "2024-12-01-2", "2024_12_02"]);
        check_order(&["20241201093000", "20241201101500", "20241202"]);
        check_order(&["202401", "202412"]);
    }

    #[test]
    fn what_only_decorates_a_version_does_not_count() {
        for (a, b) in [
            ("v1.8.7", "1.8.7"),
            ("2.0", "2"),
            ("2.0.0-rc1", "v2-rc.1"),
            ("insight-2.10", "v2.10"),
            ("release 4", "4.0"),
            ("20241201", "2024-12-01"),
            ("app_v2.1", "2.1"),
            ("0", "0.0"),
        ] {
            let (a, b) = (version(a), version(b));
            assert_eq!(compare(&a, &b), Ordering::Equal, "{a} {b}");
            assert_ne!(a.cmp(&b), Ordering::Equal, "but two folders are two");
        }
    }

    #[test]
    fn names_without_a_number_are_in_order_of_their_letters() {
        check_order(&["blue", "green", "版本"]);
        check_order(&["stable", "1.0"]);
    }

    #[test]
    fn the_order_is_one_order_whatever_the_names() {
        let words = ["v", "rc", "a", "", "20241201", "0", "10"];
        let mut names = Vec::new();
        for a in words {
            for b in words {
                for separator in ["", ".", "+"] {
                    names.extend(format!("1{a}{separator}{b}").parse::<Version>());
                    names.extend(format!("{a}{separator}{b}2").parse::<Version>());
                }
            }
        }
        names.sort();
        for (index, first) in names.iter().enumerate() {
            for second in &names[index..] {
                assert!(first <= second, "{first} {second}");
                assert_eq!(first.cmp(second), second.cmp(first).reverse());
            }
        }
    }
}
