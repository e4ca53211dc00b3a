//! transship moves a self-hosted docker-compose install from one release to the next.
//!
//! The program is [`cli`], and does nothing that a program which links this crate couldn't do:
//! it parses arguments, calls what is below, and renders. Everything that can fail gives an
//! error which names its object, and says by [`error::Explain`] what can be done next. Nothing
//! prints, and long work tells of itself to a [`progress::Progress`]. Only [`fs`] changes files;
//! whoever lets something change them hands a [`fs::Disk`] in.
//!
//! # A tree is copied and verified
//!
//! [`tree::copy()`] keeps contents, modes, owners, times, attributes, links and holes, and lists
//! what the target's filesystem can't keep. [`tree::verify()`] compares trees, or a tree and a
//! manifest.
//!
//! ```
//! use transship::fs::Disk;
//! use transship::progress::Silent;
//! use transship::tree::{self, Against, CopyOptions, VerifyOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let (source, target) = (folder.path().join("data"), folder.path().join("copy"));
//! std::fs::create_dir(&source)?;
//! std::fs::write(source.join("PG_VERSION"), "15\n")?;
//!
//! let copied = tree::copy(&Disk::new(), &source, &target, &CopyOptions::default(), &Silent)?;
//! assert_eq!(copied.counts.files, 1);
//! assert!(copied.problems.is_empty(), "all of it could be kept");
//!
//! let options = VerifyOptions::default();
//! assert_eq!(tree::verify(&target, Against::Tree(&source), &options, &Silent)?, []);
//! std::fs::write(target.join("PG_VERSION"), "16\n")?;
//! let differences = tree::verify(&target, Against::Tree(&source), &options, &Silent)?;
//! assert!(!differences.is_empty(), "a byte differs");
//! # Ok(())
//! # }
//! ```
//!
//! # A compose file is edited
//!
//! [`compose`] takes bytes and gives bytes. An edit names the bytes that it changes; the result is
//! parsed again, and if anything else moved the edit is refused.
//!
//! ```
//! use std::path::Path;
//!
//! use transship::compose::{Document, ImageOptions, set_images};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "services:\n  db:   # the only one\n    image: \"postgres:15\"\n";
//! let document = Document::parse(Path::new("docker-compose.yml"), text.as_bytes())?;
//! let edited = set_images(&document, &["postgres=16".parse()?], &ImageOptions::default())?;
//! assert_eq!(
//!     String::from_utf8(edited.bytes)?,
//!     "services:\n  db:   # the only one\n    image: \"postgres:16\"\n",
//! );
//! assert_eq!(edited.changes[0].key, ["services", "db", "image"]);
//! # Ok(())
//! # }
//! ```
//!
//! # An upgrade is planned
//!
//! [`release::Install`] is the folder that holds `releases/`. A [`upgrade::Request`] says what is
//! wanted; [`prepare`](upgrade::planning::prepare::prepare) reads both releases, decides, observes
//! and plans, and changes nothing. What it gives can be saved, and run by a [`upgrade::Runner`].
//!
//! ```
//! use std::fs;
//!
//! use transship::engine::{Docker, FolderUsers, FolderVolumes, VolumeBackend};
//! use transship::fs::Disk;
//! use transship::progress::Silent;
//! use transship::release::Install;
//! use transship::upgrade::planning::prepare::prepare;
//! use transship::upgrade::{Request, Step};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let root = folder.path().canonicalize()?;
//! for version in ["v1", "v2"] {
//!     let release = root.join("releases").join(version);
//!     fs::create_dir_all(&release)?;
//!     let text = format!(
//!         "services:\n  web:\n    image: acme/web:{version}\n    volumes: [data:/data]\n\
//!          volumes:\n  data:\n    name: acme_data\n",
//!     );
//!     fs::write(release.join("docker-compose.yml"), text)?;
//! }
//! std::os::unix::fs::symlink("releases/v1", root.join("current"))?;
//! let volumes = root.join("volumes");
//! fs::create_dir_all(volumes.join("acme_data"))?;
//!
//! let install = Install::at(&root)?;
//! install.adopt(&Disk::new())?;
//! let request = Request::new("v2".parse()?, VolumeBackend::Dir { path: volumes.clone() });
//! let users = FolderUsers::new(Docker::find(None)).assume_stopped(true);
//! let store = FolderVolumes::new(&volumes, users);
//! let planned = prepare(&install, &request, &store, &Silent)?;
//! let copies = |step: &&Step| matches!(step, Step::CopyVolume(_));
//! let step = planned.plan.steps.iter().find(copies).expect("a volume is copied");
//! assert_eq!(step.title(), "copy volume acme_data to v2_data");
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! In the order in which an upgrade passes through: [`release`] knows the layout of an install and
//! the vendor's recipe, [`compose`] and [`env_file`] read and edit what Compose reads, [`merge`]
//! carries the administrator's edits onto the vendor's new files, [`tree`] works on directories,
//! [`engine`] speaks to Docker, [`upgrade`] plans and runs, [`rehearsal`] does that on a clone first,
//! and [`launch`] brings a release up beside others. [`comparison`] tells two releases apart,
//! [`database`] which database a tree holds, and [`mask`] hides the secrets in what is shown.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod comparison;
pub mod compose;
pub mod database;
pub mod doctor;
pub mod document;
pub mod engine;
pub mod env_file;
pub mod error;
pub mod fs;
mod glob;
pub mod launch;
pub mod mask;
pub mod merge;
mod near_match;
pub mod probe;
pub mod progress;
pub mod rehearsal;
pub mod release;
pub mod threads;
pub mod tree;
pub mod upgrade;
