//! Wildcards, matched in a time that is linear in the text whatever the pattern.

/// True if `pattern` matches the whole of `text`. An element of the pattern for which
/// `is_many` holds stands for any number of the text's elements that it `takes`, none
/// included; any other stands for one.
///
/// All places of the pattern that the text so far can lead to are followed at once, so the
/// work is the product of both lengths at most, and no row of stars makes it more.
pub(crate) fn matches<P, T>(
    pattern: &[P],
    text: &[T],
    is_many: impl Fn(&P) -> bool,
    takes: impl Fn(&P, &T) -> bool,
) -> bool {
    let end = pattern.len();
    let mut reached = vec![false; end + 1];
    reached[0] = true;
    skip_many(pattern, &mut reached, &is_many);
    for element in text {
        for at in (0..=end).rev() {
            let stays =
                at < end && reached[at] && is_many(&pattern[at]) && takes(&pattern[at], element);
            let comes = at > 0
                && reached[at - 1]
                && !is_many(&pattern[at - 1])
                && takes(&pattern[at - 1], element);
            reached[at] = stays || comes;
        }
        skip_many(pattern, &mut reached, &is_many);
        if !reached.contains(&true) {
            return false;
        }
    }
    reached[end]
}

/// What may stand for nothing is passed over.
fn skip_many<P>(pattern: &[P], reached: &mut [bool], is_many: &impl Fn(&P) -> bool) {
    for (at, element) in pattern.iter().enumerate() {
        reached[at + 1] |= reached[at] && is_many(element);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    /// `*` stands for any bytes but `/`, `#` for any, `?` for one.
    fn check(pattern: &str, text: &str) -> bool {
        super::matches(
            pattern.as_bytes(),
            text.as_bytes(),
            |byte| matches!(byte, b'*' | b'#'),
            |byte, other| match byte {
                b'#' => true,
                b'*' | b'?' => *other != b'/',
                _ => byte == other,
            },
        )
    }

    #[test]
    fn one_star_gives_back_what_another_kind_needs() {
        for (pattern, text, expect) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*b*", "abc", true),
            ("a?c", "ac", false),
            ("*/c", "a/b/c", false),
            ("#/c", "a/b/c", true),
            ("#*b", "x/ab", true),
            ("#b*", "ab/cb", true),
            ("*b#c*", "ab/c/bc", true),
        ] {
            assert_eq!(check(pattern, text), expect, "{pattern} on {text}");
        }
    }

    #[test]
    fn the_work_is_the_product_of_both_lengths_at_most() {
        let pattern = "*a#a".repeat(20) + "b";
        let text = "a".repeat(1_000);
        let asked = Cell::new(0);
        let found = super::matches(
            pattern.as_bytes(),
            text.as_bytes(),
            |byte| matches!(byte, b'*' | b'#'),
            |byte, other| {
                asked.set(asked.get() + 1);
                matches!(byte, b'*' | b'#') || byte == other
            },
        );
        assert!(!found);
        assert!(asked.get() <= pattern.len() * text.len(), "{}", asked.get());
    }
}
