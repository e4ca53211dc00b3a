//! The codes of failures: what a script may ask for, whatever the message says.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// A stable name for what went wrong. Its exit code is its kind's, and one code may have several.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// All that there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, as `--json` prints it: `stale-plan`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it means, in a clause.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                }
            }
        }
    };
}

codes! {
    Usage "usage" "wrong usage of the command line"
    Refused "refused" "refused, for a reason that has no code of its own"
    Failed "failed" "failed, for a reason that has no code of its own"
    Interrupted "interrupted" "a signal asked the work to stop"
    Untold "untold" "done, but what was to be said of it couldn't be written"
    NeedsYes "needs-yes" "it has to be agreed to, and there was nobody to ask, or they said no"
    Unreadable "unreadable" "a file or folder can't be read"
    Unwritable "unwritable" "a file or folder can't be written"
    Syntax "syntax" "a file isn't written as its format wants it"
    NotFound "not-found" "what was named isn't there"
    Exists "exists" "the target is there already, or isn't empty"
    Changed "changed" "a file or folder was changed while it was worked on, or since it was looked at"
    Damaged "damaged" "what was recorded or delivered is damaged"
    OtherVersion "other-version" "a document is of another format, or of a version that isn't known"
    Untrusted "untrusted" "somebody else could have written there"
    Outside "outside" "a path leads out of where it has to stay"
    NotAnInstall "not-an-install" "the folder is no install"
    NotAdopted "not-adopted" "`transship init` wasn't run there"
    OtherInstall "other-install" "the install isn't the one that was recorded: it was moved or copied"
    NoCurrent "no-current" "it can't be said which release is the current one"
    UnknownRelease "unknown-release" "the install has no such release"
    IncompleteRelease "incomplete-release" "a release has no compose file, or not all of its files"
    BadRelease "bad-release" "somebody wrote down that the release is bad"
    ReleaseInUse "release-in-use" "the release is the current one"
    Locked "locked" "another process is at work there"
    NoPlan "no-plan" "there is no such plan"
    StalePlan "stale-plan" "things aren't as they were when the plan was made"
    OpenConflicts "open-conflicts" "the plan has conflicts that nobody has answered"
    Obstacles "obstacles" "something stands against an upgrade; `parts` has each thing"
    NoPath "no-path" "the recipe allows no way from one version to the other"
    Unfinished "unfinished" "the last run isn't over"
    Nothing "nothing-to-do" "there is nothing to resume, undo or do"
    OldReleaseGone "old-release-gone" "what going back needs isn't there"
    WentBack "went-back" "it failed, and the old release serves again"
    NotBack "not-back" "it failed, and so did going back"
    NotWell "not-well" "what was started isn't healthy, or fails its checks"
    HookFailed "hook-failed" "a hook of the recipe failed"
    Collision "collision" "two projects, or two edits, would want the same thing"
    NoMatch "no-match" "nothing matches what was named"
    Unsafe "unsafe-edit" "the edit can't be made without changing more than was asked"
    Unsupported "unsupported" "the recipe asks for what this version can't do"
    InUse "in-use" "something uses the volume or folder"
    UseUnknown "use-unknown" "it can't be known whether something uses the volume or folder"
    TooManyRemovals "too-many-removals" "so much would be removed that it may be a mistake"
    Nested "nested" "source and target lie within each other"
    Incomplete "incomplete-copy" "not everything could be copied"
    Differs "differs" "what was made isn't what it should be"
    NoProgram "no-program" "a program that is needed isn't there"
    NoEngine "no-engine" "no Docker engine answers"
    EngineFailed "engine-failed" "Docker or Compose failed, or answered what can't be understood"
    TimedOut "timed-out" "a program took too long"
    Held "held" "what an earlier run paused or stopped stands in the way"
    NoImage "no-image" "an image isn't there, and can't be had"
    HelperFailed "helper-failed" "transship in its container, or at the other end of a stream, failed"
    Downtime "downtime" "the downtime would be, or may be, longer than is allowed"
    OutsideWindow "outside-window" "it isn't the time at which it may be done, or no longer"
    Unconfirmed "unconfirmed" "the upgrade wasn't confirmed, or not in time"
    NoRoom "no-room" "there isn't enough room"
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_codes_have_one_name_or_one_meaning() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        let meanings: BTreeSet<_> = Code::ALL.iter().map(|code| code.meaning()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert_eq!(meanings.len(), Code::ALL.len());
        let plain = |name: &&str| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'-');
        assert!(names.iter().all(plain), "{names:?}");
    }
}
