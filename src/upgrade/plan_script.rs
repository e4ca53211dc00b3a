//! A plan as a POSIX script: the same steps, done with docker, cp and transship's own verbs, for whoever wants
//! to read, keep or change what is run.
//!
//! Pure: a plan in, text out. What each step comes to is in `plan_script/step_lines.rs`. The script keeps no
//! journal, so that it goes on with nothing and takes nothing back; it holds what it makes against the
//! digests of the plan, and stops at the first thing that isn't as it was planned.

mod step_lines;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::data_places::is_folder;
use super::plan::Plan;
use super::step::{Phase, Step, quote};
use crate::engine::{VolumeBackend, VolumeStore};
use step_lines::{ScriptLines, lines};

/// What a script is made for.
pub struct PlanScript<'a> {
    /// The plan; its conflicts must have been answered.
    pub plan: &'a Plan,
    /// The install that it is of.
    pub install: &'a Path,
    /// Where the volumes live.
    pub volumes: &'a dyn VolumeStore,
    /// What nobody can be asked about is taken for unused, as `--assume-stopped` says.
    pub assume_stopped: bool,
}

/// A program of the script's own, which stands in it only where something calls it.
const TOOLS: [(&str, &str); 4] = [
    (
        "same ",
        "\
# That the file $2 has the SHA-256 $1.
same() {
  [ \"$(sha256sum <\"$2\")\" = \"$1  -\" ] && return
  printf '\"%s\" is not as it was planned\\n' \"$2\" >&2
  return 1
}
",
    ),
    (
        "like ",
        "\
# Makes the folder $2, with the owner and mode of $1, where it isn't there.
like() {
  [ -d \"$2\" ] && return
  mkdir -- \"$2\"
  chown --reference=\"$1\" -- \"$2\"
  # What it has from the folder above goes first: `chmod --reference` leaves it.
  chmod g-s -- \"$2\"
  chmod --reference=\"$1\" -- \"$2\"
}
",
    ),
    (
        "carry ",
        "\
# Copies $1 to $2 with all that belongs to it.
carry() {
  cp -a --remove-destination -T -- \"$1\" \"$2\"
  [ ! -L \"$1\" ] || return 0
  # Below a setgid folder cp leaves the bit on the folders that it makes.
  find \"$1\" -type d ! -perm -2000 -exec sh -c '
    from=$1 to=$2
    shift 2
    for folder; do chmod g-s -- \"$to${folder#\"$from\"}\"; done' sh \"$1\" \"$2\" {} +
}
",
    ),
    (
        "within ",
        "\
# Asks once a second, for $1 seconds, until the command behind that is well.
within() {
  left=$1
  shift
  until \"$@\"; do
    [ \"$left\" -gt 0 ] || return 1
    left=$((left - 1))
    sleep 1
  done
}
",
    ),
];

const END: &str = "\
# Tells how it ended, and leaves nothing of its own.
over() {
  code=$?
  rm -rf -- \"$work\"
  [ \"$code\" -ne 0 ] || exit 0
  [ \"$step\" -gt 0 ] || exit 3
  printf 'failed in step %s; what was made so far is there still\\n' \"$step\" >&2
";

impl PlanScript<'_> {
    /// The script, which ends with the end of a line.
    pub fn text(&self) -> String {
        let steps: Vec<_> = (1..)
            .zip(&self.plan.steps)
            .map(|(number, step)| (number, step, lines(step, self)))
            .collect();
        let body = self.body(&steps);
        let mut text = self.header(&steps);
        for (call, tool) in TOOLS {
            if body.contains(&format!("  {call}")) || body.contains(&format!("\n{call}")) {
                text += tool;
            }
        }
        text += &refusals(&steps);
        text + &body
    }

    fn header(&self, steps: &[(usize, &Step, ScriptLines)]) -> String {
        let Plan {
            id,
            made,
            from,
            to,
            transship,
            from_project,
            project,
            ..
        } = self.plan;
        let install = told(&self.install.display().to_string());
        let made = made.strftime("%Y-%m-%d %H:%M UTC");
        let mut text = format!(
            "#!/bin/sh
# Upgrades {install}
# from {from} (project {from_project}) to {to} (project {project}).
# Plan {id}, made {made} by transship {transship}.
#
# Usage: sh SCRIPT [INSTALL]
#
# It does what `transship apply` does with that plan, in {} steps, and keeps no journal: neither `resume` nor
# `rollback` knows of it. The old release and its volumes stay as they are.
#
# Exit codes: 0 done, 3 refused before anything was changed, 4 failed part-way, 130 interrupted.
# shellcheck disable=SC2016 # what stands between single quotes is meant as it stands
set -eu
",
            steps.len()
        );
        let place = match &self.plan.request.place {
            VolumeBackend::Dir { path } => quote(path),
            VolumeBackend::Local => "docker".to_owned(),
        };
        let root = quote(self.install);
        let _ = write!(
            text,
            "
install={root}
cd -- \"${{1:-$install}}\" || exit 3
TRANSSHIP_INSTALL=$(pwd -P)
TRANSSHIP_VOLUMES={place}
export TRANSSHIP_INSTALL TRANSSHIP_VOLUMES
step=0
work=$(mktemp -d)

refuse() {{
  printf 'refused: %s\\n' \"$1\" >&2
  exit 3
}}
say() {{
  step=$1
  printf '[%s/{}] %s\\n' \"$1\" \"$2\" >&2
}}
{END}",
            steps.len()
        );
        text += &self.way_back();
        text += "  exit 4\n}\ntrap over EXIT\ntrap 'trap - EXIT; rm -rf -- \"$work\"; exit 130' HUP INT TERM\n";
        text
    }

    /// What is told where it failed once the old release was stopped.
    fn way_back(&self) -> String {
        let stop = (1..).zip(&self.plan.steps).find_map(|(number, step)| {
            let Step::Stop(stop) = step else { return None };
            Some((number, stop))
        });
        let Some((number, stop)) = stop else {
            return String::new();
        };
        let back = [
            step_lines::stop_command(&stop.new),
            step_lines::up_command(&stop.old, &stop.new, ""),
        ];
        let hint = format!("to have the old release back: {}", back.join("; "));
        format!(
            "  [ \"$step\" -lt {number} ] || printf '%s\\n' {} >&2\n",
            quote(Path::new(&hint))
        )
    }

    fn body(&self, steps: &[(usize, &Step, ScriptLines)]) -> String {
        let mut text = String::new();
        let mut phase = None;
        for (number, step, lines) in steps {
            if phase.replace(step.phase()) != Some(step.phase()) {
                let title = match step.phase() {
                    Phase::Before => "Before: the old release may run",
                    Phase::Window => "Window: neither release may run",
                    Phase::After => "After: the new release may run",
                };
                let _ = write!(text, "\n# ==== {title} ====\n");
            }
            let title = told(&step.title());
            let _ = write!(
                text,
                "\n# {number}. {title}\nsay {number} {}\n",
                quote(Path::new(&title))
            );
            match lines {
                ScriptLines::Cannot { why } => {
                    let _ = write!(
                        text,
                        "# No script can do that: {}\n[ -z \"$cannot\" ] || refuse \"$cannot\"\n",
                        told(why)
                    );
                }
                ScriptLines::Do { lines, .. } => {
                    for line in lines {
                        let _ = writeln!(text, "{line}");
                    }
                }
            }
        }
        let done = format!("{} is current: nothing failed", self.plan.to);
        text + &format!("\nprintf '%s\\n' {} >&2\n", quote(Path::new(&done)))
    }
}

impl PlanScript<'_> {
    /// Where a volume's content is, from the install's folder where it is in that; nothing where it is out of
    /// reach.
    fn path_of(&self, volume: &str) -> Option<PathBuf> {
        match &self.plan.request.place {
            _ if is_folder(volume) => Some(PathBuf::from(volume)),
            VolumeBackend::Dir { path } => Some(path.join(volume)),
            VolumeBackend::Local => self.volumes.path_of(volume),
        }
    }
}

/// What is looked at before anything is changed.
fn refusals(steps: &[(usize, &Step, ScriptLines)]) -> String {
    let mut text = String::from("\n# Is all as it was when the plan was made?\n");
    let mut programs = vec!["transship"];
    programs.extend(steps.iter().flat_map(|(.., lines)| lines.programs()));
    programs.sort_unstable();
    programs.dedup();
    for program in programs {
        let _ = writeln!(
            text,
            "command -v {program} >/dev/null || refuse 'there is no {program} here'"
        );
    }
    for (_, step, _) in steps {
        text += &step_lines::condition(step);
    }
    for (number, step, lines) in steps {
        if let ScriptLines::Cannot { why } = lines {
            let what = told(&format!("step {number} ({}): {why}", step.title()));
            let _ = writeln!(text, "cannot={}", quote(Path::new(&what)));
            text += "[ -z \"$cannot\" ] || refuse \"$cannot\"\n";
        }
    }
    text
}

/// A text for a comment or a message: on one line, whatever is in it.
fn told(text: &str) -> String {
    let shown = text.chars().flat_map(|c| {
        let control: Vec<char> = match c.is_control() {
            true => c.escape_debug().collect(),
            false => vec![c],
        };
        control
    });
    shown.collect()
}

/// The folders above `to` that the new release may lack, outermost first, each with the one that it is made like.
fn parents(from: &Path, to: &Path) -> Vec<(PathBuf, PathBuf)> {
    let top = from.ancestors().last();
    let above = from.ancestors().chain(top.into_iter().cycle());
    let pairs = above.zip(to.ancestors()).skip(1);
    let below_release = pairs.take_while(|(_, to)| to.components().count() > 2);
    let mut pairs: Vec<_> = below_release
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .collect();
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_like_the_one_above_what_it_is_to_hold() {
        let check = |from: &str, to: &str, wanted: &[(&str, &str)]| {
            let found = parents(Path::new(from), Path::new(to));
            let wanted: Vec<_> = wanted
                .iter()
                .map(|(from, to)| (PathBuf::from(from), PathBuf::from(to)))
                .collect();
            assert_eq!(found, wanted, "{from} to {to}");
        };
        check("releases/v1/.env", "releases/v2/.env", &[]);
        check(
            "releases/v1/a/b/c",
            "releases/v2/a/b/c",
            &[
                ("releases/v1/a", "releases/v2/a"),
                ("releases/v1/a/b", "releases/v2/a/b"),
            ],
        );
    }

    #[test]
    fn what_is_told_stands_on_one_line() {
        assert_eq!(told("carry a\nrm -rf b"), "carry a\\nrm -rf b");
    }
}
