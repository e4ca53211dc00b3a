//! Everything on the host that Compose reads by a project's files, besides what containers mount: one list, so
//! that whoever carries a release, puts a copy of it together or says what is missing speaks of the same paths.
//!
//! Only says what is read; whether it is there is asked elsewhere.

use std::path::{Path, PathBuf};

use super::canonical::{absolute, is_remote};
use super::dockerfile;
use super::load::{ReadFile, Sources};
use super::value::{Data, Map, Origin, Value};
use crate::compose::file::location::Location;

/// Something on the host that Compose reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRead {
    /// The absolute path.
    pub path: PathBuf,
    /// What it is read as.
    pub kind: ReadKind,
    /// The service that it is read for; absent where no service uses it, or all do.
    pub service: Option<String>,
    /// False where Compose does without it if it isn't there, or may have no need of it.
    pub is_needed: bool,
    /// The place that names it; absent where Compose reads it by itself.
    pub at: Option<Location>,
}

/// What something is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadKind {
    /// A compose file: the project's, or one that is included or extended.
    Compose,
    /// Variables that compose files are resolved with.
    Variables,
    /// A file of `env_file`.
    EnvFile,
    /// One whose values are taken as they stand: `format: raw`.
    RawEnvFile,
    /// A file of `label_file`.
    LabelFile,
    /// The file of a config or secret.
    Resource,
    /// A folder that an image is built from, or besides.
    BuildContext,
    /// A Dockerfile, and what goes with it.
    Dockerfile,
    /// What a Dockerfile takes out of a folder that has more in it than what is built.
    Copied,
    /// A key or socket of `build.ssh`.
    Ssh,
    /// A profile of `security_opt`, or a `credential_spec`.
    Security,
    /// What `develop.watch` looks at.
    Watched,
}

impl ReadKind {
    /// True for what `docker compose config` reads: the rest is read when something is built or made.
    pub(crate) fn is_for_config(self) -> bool {
        matches!(
            self,
            Self::Compose | Self::Variables | Self::EnvFile | Self::RawEnvFile | Self::LabelFile
        )
    }

    /// True for what an image is built from.
    pub(crate) fn is_for_images(self) -> bool {
        matches!(
            self,
            Self::BuildContext | Self::Dockerfile | Self::Copied | Self::Ssh
        )
    }
}

/// Finds what services read.
pub(super) struct ReadsOfServices<'a> {
    pub(super) sources: &'a Sources,
    pub(super) read: &'a ReadFile<'a>,
    /// The project's folder.
    pub(super) folder: &'a Path,
    /// The merged value of all files.
    pub(super) root: &'a Value,
}

/// Whether a file of `env_file` is read as it stands.
pub(super) fn is_raw(file: &Value) -> bool {
    file.get("format").and_then(Value::as_str) == Some("raw")
}

/// A service's name, and what it is.
type Named<'a> = (&'a str, &'a Value);

impl ReadsOfServices<'_> {
    /// What all services read, and the files of configs and secrets that none of them does.
    pub(super) fn all(&self) -> Vec<HostRead> {
        let mut found = Vec::new();
        for (name, service) in self.section("services") {
            let named = (name.as_str(), service);
            found.extend(self.files(named));
            found.extend(self.resources(named));
            found.extend(self.security(named));
            found.extend(self.watched(named));
            if let Some(build) = service.get("build") {
                found.extend(self.build(named, build));
            }
        }
        for section in ["configs", "secrets"] {
            let unused = self.section(section).filter_map(|(_, resource)| {
                let file = resource.get("file")?;
                let path = PathBuf::from(file.to_text()?);
                let is_used = found.iter().any(|read| read.path == path);
                (!is_used).then(|| HostRead {
                    service: None,
                    is_needed: false,
                    ..self.of("", path, ReadKind::Resource, file.at)
                })
            });
            let unused: Vec<_> = unused.collect();
            found.extend(unused);
        }
        found
    }

    fn section<'b>(&'b self, name: &str) -> impl Iterator<Item = (&'b String, &'b Value)> {
        let section = self.root.get(name).and_then(Value::as_map);
        section.into_iter().flatten()
    }

    /// One that is needed.
    fn of(&self, service: &str, path: PathBuf, kind: ReadKind, at: Origin) -> HostRead {
        HostRead {
            path,
            kind,
            service: Some(service.to_owned()),
            is_needed: true,
            at: Some(self.sources.location(at)),
        }
    }

    fn files(&self, (name, service): Named<'_>) -> Vec<HostRead> {
        let variables = items(service, "env_file").iter().filter_map(|file| {
            let path = file.get("path")?.to_text()?.into();
            let required = file.get("required");
            let kind = match is_raw(file) {
                true => ReadKind::RawEnvFile,
                false => ReadKind::EnvFile,
            };
            Some(HostRead {
                is_needed: required.is_none_or(Value::is_true),
                ..self.of(name, path, kind, file.at)
            })
        });
        let labels = items(service, "label_file").iter().filter_map(|file| {
            let path = file.to_text()?.into();
            Some(self.of(name, path, ReadKind::LabelFile, file.at))
        });
        variables.chain(labels).collect()
    }

    /// The files of the configs and secrets that a service has, and those that its image is built with.
    fn resources(&self, (name, service): Named<'_>) -> Vec<HostRead> {
        let build = service.get("build");
        let lists = [
            ("configs", Some(service)),
            ("secrets", Some(service)),
            ("secrets", build),
        ];
        let mut found = Vec::new();
        for (section, user) in lists {
            let used = user.map_or(&[][..], |user| items(user, section));
            for item in used {
                let key = item
                    .to_text()
                    .or_else(|| item.get("source").and_then(Value::to_text));
                let resource = key.and_then(|key| self.root.get(section)?.get(&key));
                let file = resource.and_then(|resource| resource.get("file"));
                found.extend(file.and_then(|file| {
                    let path = file.to_text()?.into();
                    Some(self.of(name, path, ReadKind::Resource, file.at))
                }));
            }
        }
        found
    }

    /// Compose reads the file of a `seccomp` profile; a credential spec by a relative path is the
    /// project's, and any other is the engine's own.
    fn security(&self, (name, service): Named<'_>) -> Vec<HostRead> {
        let options = items(service, "security_opt").iter();
        let profiles = options.filter_map(|option| {
            let text = option.to_text()?;
            let (kind, path) = text.split_once('=').or_else(|| text.split_once(':'))?;
            let is_path = kind == "seccomp" && !matches!(path, "unconfined" | "builtin");
            let path = is_path.then(|| absolute(path, self.folder))?;
            Some(self.of(name, path, ReadKind::Security, option.at))
        });
        let spec = service
            .get("credential_spec")
            .and_then(|spec| spec.get("file"));
        let spec = spec.and_then(|file| {
            let text = file.to_text()?;
            Some(HostRead {
                is_needed: text.starts_with('.'),
                ..self.of(
                    name,
                    absolute(&text, self.folder),
                    ReadKind::Security,
                    file.at,
                )
            })
        });
        profiles.chain(spec).collect()
    }

    fn watched(&self, (name, service): Named<'_>) -> Vec<HostRead> {
        let watch = service
            .get("develop")
            .map_or(&[][..], |develop| items(develop, "watch"));
        let paths = watch.iter().filter_map(|rule| {
            let path = rule.get("path")?;
            Some(HostRead {
                is_needed: false,
                ..self.of(name, path.to_text()?.into(), ReadKind::Watched, path.at)
            })
        });
        paths.collect()
    }

    fn build(&self, (name, service): Named<'_>, build: &Value) -> Vec<HostRead> {
        // What has an image needn't be built where that is.
        let is_needed = service.get("image").is_none();
        let of = |path, kind, at| HostRead {
            is_needed,
            ..self.of(name, path, kind, at)
        };
        let mut found = Vec::new();
        let context = build.get("context");
        let written = context
            .and_then(Value::to_text)
            .unwrap_or_else(|| ".".into());
        if !is_remote(&written) {
            let folder = absolute(&written, self.folder);
            let at = context.unwrap_or(build).at;
            found.push(of(folder.clone(), ReadKind::BuildContext, at));
            let inline = build.get("dockerfile_inline").and_then(Value::to_text);
            let file = build.get("dockerfile");
            let file_at = file.map_or(at, |file| file.at);
            let file = file
                .and_then(Value::to_text)
                .unwrap_or_else(|| "Dockerfile".into());
            let file = absolute(&file, &folder);
            let text = inline.clone().or_else(|| {
                let bytes = (self.read)(&file).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            });
            if inline.is_none() {
                let beside = PathBuf::from(format!("{}.dockerignore", file.display()));
                found.push(of(file, ReadKind::Dockerfile, file_at));
                found.push(HostRead {
                    is_needed: false,
                    ..of(beside, ReadKind::Dockerfile, file_at)
                });
            }
            // Of a folder that the project is in, only what is taken out of it is what is built.
            if self.folder.starts_with(&folder) {
                found.push(HostRead {
                    is_needed: false,
                    ..of(folder.join(".dockerignore"), ReadKind::Dockerfile, at)
                });
                let sources = text.as_deref().map(dockerfile::sources).unwrap_or_default();
                let sources = sources.iter().map(|source| {
                    let below = source.trim_start_matches('/');
                    of(absolute(below, &folder), ReadKind::Copied, file_at)
                });
                found.extend(sources.filter(|read| read.path != folder));
            }
        }
        let besides = values(build.get("additional_contexts")).filter(|(text, _)| {
            !text.is_empty() && !is_remote(text) && !text.starts_with("service:")
        });
        found.extend(
            besides.map(|(text, at)| of(absolute(&text, self.folder), ReadKind::BuildContext, at)),
        );
        let keys = values(build.get("ssh")).filter(|(text, _)| !text.is_empty());
        found.extend(keys.map(|(text, at)| of(absolute(&text, self.folder), ReadKind::Ssh, at)));
        found
    }
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).map_or(&[], Value::items)
}

/// The values of a mapping, or of a list of `KEY=VALUE`, each with its place.
fn values(value: Option<&Value>) -> impl Iterator<Item = (String, Origin)> {
    let of_map = |map: &Map| -> Vec<_> {
        let values = map.values();
        values.filter_map(|v| Some((v.to_text()?, v.at))).collect()
    };
    let of_item = |item: &Value| {
        let text = item.to_text()?;
        let (_, value) = text.split_once('=')?;
        Some((value.to_owned(), item.at))
    };
    let values = match value.map(|value| &value.data) {
        Some(Data::Map(map)) => of_map(map),
        Some(Data::List(items)) => items.iter().filter_map(of_item).collect(),
        _ => Vec::new(),
    };
    values.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Model;

    /// What is read below the project's folder, as `KIND PATH`, with a `?` where it needn't be there.
    fn reads(service: &str, rest: &str) -> Vec<String> {
        let text = format!("services:\n  web: {{{service}}}\n{rest}");
        let model = Model::of_text("p", &text, &[]);
        let reads = model.reads.iter();
        let reads = reads.filter(|read| read.kind != ReadKind::Compose);
        let told = reads.map(|read| {
            let path = read.path.strip_prefix("/p").unwrap_or(&read.path);
            let mark = if read.is_needed { "" } else { "?" };
            format!("{:?} {}{mark}", read.kind, path.display())
        });
        told.collect()
    }

    #[track_caller]
    fn check(service: &str, rest: &str, expect: &[&str]) {
        assert_eq!(reads(service, rest), expect, "{service} {rest}");
    }

    #[test]
    fn files_of_variables_and_labels_are_read_and_the_optional_ones_may_be_missing() {
        check(
            "image: i, env_file: [a.env, {path: ../b.env, required: false}], label_file: l",
            "",
            &["EnvFile a.env", "EnvFile /b.env?", "LabelFile l"],
        );
    }

    #[test]
    fn configs_and_secrets_are_read_by_whom_they_are_given_and_for_a_build() {
        check(
            "image: i, build: {context: 'https://x/y.git', secrets: [t]}, configs: [{source: c}], secrets: [s]",
            "configs: {c: {file: ./c.conf}, n: {content: x}}\nsecrets: {s: {file: s}, t: {file: t}, u: {file: u}, \
             e: {environment: E}}\n",
            &["Resource c.conf", "Resource s", "Resource t", "Resource u?"],
        );
    }

    #[test]
    fn a_build_reads_its_context_dockerfile_and_what_stands_beside_them() {
        check(
            "build: ./api",
            "",
            &[
                "BuildContext api",
                "Dockerfile api/Dockerfile",
                "Dockerfile api/Dockerfile.dockerignore?",
            ],
        );
        check(
            "image: i, build: {context: api, dockerfile: ../D, additional_contexts: [base=./base, \
             'p=docker-image://alpine', 'o=service:other', 'r=https://x/y.git'], ssh: [default, key=./id]}",
            "",
            &[
                "BuildContext api?",
                "Dockerfile D?",
                "Dockerfile D.dockerignore?",
                "BuildContext base?",
                "Ssh id?",
            ],
        );
        check(
            "build: {context: api, dockerfile_inline: 'FROM x', additional_contexts: {b: ../b}, ssh: {default: , k: id}}",
            "",
            &["BuildContext api", "BuildContext /b", "Ssh id"],
        );
    }

    #[test]
    fn of_a_context_that_the_project_is_in_only_what_is_copied_out_of_it_is_read() {
        check(
            "build: {context: ., dockerfile_inline: \"FROM x\\nCOPY a /b/c /d/\\nADD https://x/y .\\nCOPY . /all\"}",
            "",
            &[
                "BuildContext ",
                "Dockerfile .dockerignore?",
                "Copied a",
                "Copied b/c",
            ],
        );
    }

    #[test]
    fn profiles_and_what_is_watched_are_read() {
        check(
            "image: i, security_opt: ['seccomp:./s.json', 'seccomp=unconfined', 'apparmor:x', no-new-privileges], \
             credential_spec: {file: ./c.json}, develop: {watch: [{path: ./src, action: sync, target: /s}]}",
            "",
            &["Security s.json", "Security c.json", "Watched src?"],
        );
        check(
            "image: i, credential_spec: {file: c.json}",
            "",
            &["Security c.json?"],
        );
    }
}
