//! Inode flags, those of `chattr`, under the words that mtree files have for them.

use std::fmt;

use rustix::fs::IFlags;

/// Each flag that a copy keeps, and its words: the first is written, all are read. They are
/// libarchive's, which takes those of the BSDs where these have the flag, too.
const WORDS: [(IFlags, &[&str]); 10] = [
    (IFlags::IMMUTABLE, &["schg", "schange", "simmutable"]),
    (IFlags::APPEND, &["sappnd", "sappend"]),
    (IFlags::NODUMP, &["nodump"]),
    (IFlags::NOATIME, &["noatime"]),
    (IFlags::SYNC, &["sync"]),
    (IFlags::DIRSYNC, &["dirsync"]),
    (IFlags::NOCOW, &["nocow"]),
    (IFlags::COMPRESSED, &["compress"]),
    (IFlags::JOURNALING, &["journal-data", "journal"]),
    (IFlags::TOPDIR, &["topdir"]),
];

/// The word for no flag at all.
const NONE: &str = "none";

/// The inode flags of a file or folder, as far as a copy keeps them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct InodeFlags(u32);

impl InodeFlags {
    pub(in crate::tree) fn of(flags: IFlags) -> Self {
        Self(flags.bits())
    }

    /// The flags that `text` names, between commas. None if it has a word that isn't of Linux:
    /// then it isn't known which there are.
    pub fn from_words(text: &str) -> Option<Self> {
        let named = text.split(',').filter(|word| *word != NONE);
        let flags = named.map(|word| {
            let is = |(_, words): &&(IFlags, &[&str])| words.contains(&word);
            WORDS.iter().find(is).map(|(flag, _)| flag.bits())
        });
        let united = flags.reduce(|all, flag| Some(all? | flag?));
        united.unwrap_or(Some(0)).map(Self)
    }
}

impl fmt::Display for InodeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_set = |(flag, _): &&(IFlags, &[&str])| self.0 & flag.bits() != 0;
        let words: Vec<&str> = WORDS
            .iter()
            .filter(is_set)
            .map(|(_, words)| words[0])
            .collect();
        match words.is_empty() {
            true => f.write_str(NONE),
            false => f.write_str(&words.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::walk::stat::KEPT_FLAGS;

    #[test]
    fn every_flag_that_a_copy_keeps_has_words_that_lead_back_to_it() {
        let mut all = IFlags::empty();
        for (flag, words) in WORDS {
            all |= flag;
            assert_eq!(InodeFlags::of(flag).to_string(), words[0]);
            for word in words {
                assert_eq!(InodeFlags::from_words(word), Some(InodeFlags::of(flag)));
            }
        }
        assert_eq!(all, KEPT_FLAGS);
    }

    #[test]
    fn several_flags_stand_between_commas_and_none_is_a_word() {
        let both = InodeFlags::of(IFlags::NODUMP | IFlags::IMMUTABLE);
        assert_eq!(both.to_string(), "schg,nodump");
        assert_eq!(InodeFlags::from_words("nodump,schg"), Some(both));
        let none = InodeFlags::default();
        assert_eq!(InodeFlags::from_words(&none.to_string()), Some(none));
    }

    #[test]
    fn with_a_flag_that_linux_hasnt_it_isnt_known_which_there_are() {
        for text in ["uchg", "uarch,nodump", "nodump,opaque", ""] {
            assert_eq!(InodeFlags::from_words(text), None, "{text}");
        }
    }
}
