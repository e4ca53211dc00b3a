//! Images: a tag is the vendor's, a repository may be the administrator's (a mirror of his
//! own).

/// What becomes of an image that both sides changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ImageVerdict {
    /// MINE changed no more than the tag, which is the vendor's to choose.
    Theirs,
    /// MINE has it from another repository: that one, with the vendor's new tag.
    Mixed(String),
    /// Both changed the repository, or MINE chose a tag in a repository of its own.
    Conflict,
}

/// Decides on an image that both sides changed, and not alike.
pub(super) fn decide(base: &str, mine: &str, theirs: &str) -> ImageVerdict {
    let [base, mine, theirs] = [base, mine, theirs].map(split);
    if mine.0 == base.0 {
        ImageVerdict::Theirs
    } else if theirs.0 == base.0 && mine.1 == base.1 {
        ImageVerdict::Mixed(format!("{}{}", mine.0, theirs.1))
    } else {
        ImageVerdict::Conflict
    }
}

/// The repository, and the tag and digest with what separates them. Variables are passed
/// over whole.
fn split(image: &str) -> (&str, &str) {
    let (mut depth, mut at) = (0_usize, image.len());
    for (index, c) in image.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            // What looked like a tag was a port.
            '/' if depth == 0 => at = image.len(),
            ':' if depth == 0 && at == image.len() => at = index,
            '@' if depth == 0 => {
                at = at.min(index);
                break;
            }
            _ => {}
        }
    }
    image.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_where_the_tag_begins() {
        for (image, repository) in [
            ("nginx", "nginx"),
            ("nginx:1.27", "nginx"),
            ("reg:5000/app", "reg:5000/app"),
            ("reg:5000/app:1@sha256:ab", "reg:5000/app"),
            ("app@sha256:ab", "app"),
            ("${R:-reg:5000/app}:${T:-1}", "${R:-reg:5000/app}"),
        ] {
            assert_eq!(split(image).0, repository);
        }
    }

    #[test]
    fn tags_are_the_vendors_and_mirrors_are_mine() {
        assert_eq!(decide("a:1", "a:1.1", "a:2"), ImageVerdict::Theirs);
        let mixed = ImageVerdict::Mixed("reg:5000/a:2".to_owned());
        assert_eq!(decide("a:1", "reg:5000/a:1", "a:2"), mixed);
        assert_eq!(decide("a:1", "reg/a:1.1", "a:2"), ImageVerdict::Conflict);
        assert_eq!(decide("a:1", "reg/a:1", "b:2"), ImageVerdict::Conflict);
    }
}
