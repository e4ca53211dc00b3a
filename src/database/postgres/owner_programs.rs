//! Programs of Postgres, run where a data folder is and as whom it belongs to: on this machine, or in a
//! container that has them. They get an environment of their own, so that no variable of the caller's says
//! which server is meant.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::PostgresError;
use super::server::EVER;
use crate::engine::Docker;
use crate::engine::program::{self, Invocation, Program};

/// The port of servers that nobody else reaches: a part of their socket's name, and nothing more.
pub(super) const PORT: &str = "50432";
/// Where else programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where programs are run, and as whom.
#[derive(Debug, Clone)]
pub struct OwnerPrograms {
    place: ProgramPlace,
    /// The folder that they are run in, the owner's alone, as they see it.
    work: PathBuf,
    /// The folder of the programs that come first.
    first: String,
}

#[derive(Debug, Clone)]
enum ProgramPlace {
    /// This machine; the program takes on the owner's rights, if it has others.
    Here(Program),
    Container {
        docker: Docker,
        name: String,
        user: String,
    },
}

impl OwnerPrograms {
    /// On this machine, as whom the folder `data` belongs to; they run in `work`.
    ///
    /// # Errors
    /// [`PostgresError::Obstacles`] where this process can't be that user, or it is root, as whom no
    /// server runs.
    pub fn here(data: &Path, work: &Path) -> Result<Self, PostgresError> {
        let found = fs::metadata(data).map_err(|source| PostgresError::Folder {
            path: data.to_owned(),
            source,
        })?;
        let (user, group) = (found.uid(), found.gid());
        let me = rustix::process::geteuid();
        let words = if user == 0 {
            return Err(against(format!(
                "`{}` belongs to root, as whom no server of Postgres runs",
                data.display()
            )));
        } else if user == me.as_raw() {
            "env".to_owned()
        } else if me.is_root() {
            as_user(user, group)?
        } else {
            return Err(against(format!(
                "`{}` belongs to another user (id {user}), who alone can run its server: run it as root or as that user",
                data.display()
            )));
        };
        let place = Program::parse(&words).map_err(not_there)?;
        Ok(Self {
            place: ProgramPlace::Here(place),
            work: work.to_owned(),
            first: String::new(),
        })
    }

    /// In a container that runs, as `user` (`999:999`); they run in `work`.
    pub fn in_container(docker: &Docker, name: &str, user: &str, work: &Path) -> Self {
        Self {
            place: ProgramPlace::Container {
                docker: docker.clone(),
                name: name.to_owned(),
                user: user.to_owned(),
            },
            work: work.to_owned(),
            first: String::new(),
        }
    }

    /// The same with the programs of the folder `first` before all others.
    #[must_use]
    pub(super) fn with_first(&self, first: &str) -> Self {
        let mut programs = self.clone();
        first.clone_into(&mut programs.first);
        programs
    }

    /// The folder that they run in.
    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// A call of a program with these variables and none besides.
    pub(super) fn call<'a>(
        &self,
        variables: &[(&str, &str)],
        argv: impl IntoIterator<Item = &'a str>,
    ) -> Invocation {
        let call = match &self.place {
            ProgramPlace::Here(program) => program.call(["-i"]).in_folder(&self.work),
            ProgramPlace::Container { docker, name, user } => {
                let call = docker.call_within(EVER, ["exec", "--interactive", "--user", user]);
                call.arg("--workdir")
                    .arg(&self.work)
                    .args([name, "env", "-i"])
            }
        };
        let first = match self.first.is_empty() {
            true => PATH.to_owned(),
            false => format!("{}:{PATH}", self.first),
        };
        // Messages are read, and what sorts is told where it counts.
        let own = [("PATH", first.as_str()), ("LC_ALL", "C")];
        let all = own.iter().chain(variables);
        let all: Vec<String> = all.map(|(name, value)| format!("{name}={value}")).collect();
        call.args(all).args(argv).time_out(EVER)
    }

    /// What a program prints that ends well, without blanks around it.
    pub(super) fn ask<'a>(
        &self,
        argv: impl IntoIterator<Item = &'a str>,
    ) -> Result<String, program::Error> {
        let output = self.call(&[], argv).run_well()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The words that run a program as another user, with the groups that he is in.
fn as_user(user: u32, group: u32) -> Result<String, PostgresError> {
    let words = |groups| format!("setpriv --reuid={user} --regid={group} {groups} env");
    let listed = words("--init-groups");
    let program = Program::parse(&listed).map_err(not_there)?;
    // Whom no list of users has is in no group.
    let is_known = program.call(["true"]).run_well().is_ok();
    Ok(match is_known {
        true => listed,
        false => words("--clear-groups"),
    })
}

fn against(what: String) -> PostgresError {
    PostgresError::Obstacles {
        what: "upgraded".to_owned(),
        against: vec![what],
    }
}

fn not_there(source: program::Error) -> PostgresError {
    PostgresError::Program {
        name: "the data folder".to_owned(),
        what: "run programs as the owner".to_owned(),
        source,
    }
}
