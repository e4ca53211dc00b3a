//! What somebody may have meant who typed a word that isn't known.

use similar::TextDiff;

/// How alike two words have to be: 1 is the same, and what differs in one letter of five is meant.
const ALIKE: f32 = 0.7;

/// The word of `known` that is most like `typed`, if one is like it at all.
pub(crate) fn near_match<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let alike = |word: &str| TextDiff::from_chars(typed, word).ratio();
    let known = known.into_iter().map(|word| (alike(word), word));
    let best = known.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(alike, _)| *alike >= ALIKE)
        .map(|(_, word)| word)
}

/// The same for what serde says of a key: which one is unknown, and which there are, each in backticks.
pub(crate) fn near_key(said: &str) -> Option<String> {
    let (_, said) = said.split_once("unknown field ")?;
    let mut words = said.split('`').skip(1).step_by(2);
    let typed = words.next()?;
    near_match(typed, words).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_word_and_another_word_none() {
        let known = ["carry", "volumes", "images", "merge", "databases"];
        for (typed, wanted) in [
            ("cary", Some("carry")),
            ("volume", Some("volumes")),
            ("imgaes", Some("images")),
            ("data", None),
            ("", None),
            ("zzz", None),
        ] {
            assert_eq!(near_match(typed, known), wanted, "{typed}");
        }
    }

    #[test]
    fn what_serde_says_of_a_key_has_the_near_one_in_it() {
        let said = "volumes: unknown field `prefx`, expected one of `prefix`, `skip` at line 2";
        assert_eq!(near_key(said).as_deref(), Some("prefix"));
        let said = "unknown field `ourz`, expected `ours` or `theirs`";
        assert_eq!(near_key(said).as_deref(), Some("ours"));
        assert_eq!(near_key("invalid type: string \"a\"").as_deref(), None);
    }
}
