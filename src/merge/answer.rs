//! Answers to conflicts, given before the merge: whose version of what is taken.

use std::path::{Path, PathBuf};

use super::outcome::Side;

/// Whose version of a file, or of one thing in it, is taken where both changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The file or folder as it is known in the merge, with `:` and the key, path or line
    /// behind it for one conflict alone: `.env`, `etc/`, `.env:PORT`, `Caddyfile:12`. `.` is all of them.
    pub path: PathBuf,
    /// [`Side::Mine`] or [`Side::Theirs`].
    pub side: Side,
}

/// All answers that were given; where several fit one conflict, the narrowest counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(pub Vec<Answer>);

impl Answer {
    /// True if it is about `what` in `path`.
    fn fits(&self, path: &Path, what: &str) -> bool {
        let mut one = path.as_os_str().to_owned();
        one.push(":");
        one.push(what);
        let given = self.path.strip_prefix(".").unwrap_or(&self.path);
        path.starts_with(given) || given.as_os_str() == one
    }
}

impl Answers {
    /// The answers of both sides, of which one that stands further back wins over its equal.
    pub fn new<'a>(
        ours: impl IntoIterator<Item = &'a PathBuf>,
        theirs: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Self {
        let answer = |side| {
            move |path: &PathBuf| Answer {
                path: path.clone(),
                side,
            }
        };
        let ours = ours.into_iter().map(answer(Side::Mine));
        Self(
            ours.chain(theirs.into_iter().map(answer(Side::Theirs)))
                .collect(),
        )
    }

    /// The answers to no question: those that fit none of these conflicts.
    pub fn idle<'a>(
        &'a self,
        conflicts: &'a [(PathBuf, String)],
    ) -> impl Iterator<Item = &'a Answer> {
        let fits = |answer: &&Answer| {
            let mut conflicts = conflicts.iter();
            !conflicts.any(|(path, what)| answer.fits(path, what))
        };
        self.0.iter().filter(fits)
    }

    /// Whose version of a whole file is taken; None if nobody said.
    pub fn side_of(&self, path: &Path) -> Option<Side> {
        self.find(path, "")
    }

    /// Whose version of `what` in `path` is taken; None if nobody said.
    pub(super) fn find(&self, path: &Path, what: &str) -> Option<Side> {
        let fits = |answer: &&Answer| answer.fits(path, what);
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
        for fits in [
            "etc",
            "etc/",
            "etc/app.env",
            "./etc/app.env:PORT",
            ".",
            "./",
        ] {
            assert_eq!(answers(fits).find(path, "PORT"), Some(Side::Theirs));
        }
        for other in ["et", "app.env", "etc/app.env:PORT2", "etc/app.env/x"] {
            assert_eq!(answers(other).find(path, "PORT"), None, "{other}");
        }
    }

    #[test]
    fn answers_that_nobody_asked_for_are_known() {
        let [env, typo] = [".env:PORT", ".env:PROT"].map(PathBuf::from);
        let answers = Answers::new([&env], [&typo]);
        let conflicts = [(PathBuf::from(".env"), "PORT".to_owned())];
        let idle: Vec<_> = answers
            .idle(&conflicts)
            .map(|answer| &answer.path)
            .collect();
        assert_eq!(idle, [&typo]);
    }
}
