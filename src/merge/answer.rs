//! Answers to conflicts, given before the merge: whose version of what is taken.

use std::path::{Path, PathBuf};

use super::outcome::Side;

/// Whose version of a file, or of one thing in it, is taken where both changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The file or folder as it is known in the merge, with `:` and the key, path or line
    /// behind it for one conflict alone: `.env`, `etc/`, `.env:PORT`, `Caddyfile:12`.
    pub path: PathBuf,
    /// [`Side::Mine`] or [`Side::Theirs`].
    pub side: Side,
}

/// All answers; the narrowest that fits counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(pub Vec<Answer>);

impl Answers {
    /// Whose version of `what` in `path` is taken; None if nobody said.
    pub(super) fn find(&self, path: &Path, what: &str) -> Option<Side> {
        let mut one = path.as_os_str().to_owned();
        one.push(":");
        one.push(what);
        let fits =
            |answer: &&Answer| path.starts_with(&answer.path) || answer.path.as_os_str() == one;
        let fitting = self.0.iter().filter(fits);
        let narrowest = fitting.max_by_key(|answer| answer.path.as_os_str().len());
        narrowest.map(|answer| answer.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_fits_its_file_its_folder_or_its_one_thing() {
        let answers = |path: &str| {
            Answers(vec![Answer {
                path: path.into(),
                side: Side::Theirs,
            }])
        };
        let path = Path::new("etc/app.env");
        for fits in ["etc", "etc/", "etc/app.env", "etc/app.env:PORT"] {
            assert_eq!(answers(fits).find(path, "PORT"), Some(Side::Theirs));
        }
        for other in ["et", "app.env", "etc/app.env:PORT2", "etc/app.env/x"] {
            assert_eq!(answers(other).find(path, "PORT"), None, "{other}");
        }
    }
}
