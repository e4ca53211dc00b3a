//! Docker as a program, and the places where a volume lives.
//!
//! transship runs `docker` rather than speaking to its socket: contexts, credential
//! helpers, ssh hosts and podman's stand-in keep working, and every step of a plan can be
//! shown as the command that a person would type. What Docker says is never taken on
//! trust: its answers are read as JSON, every call has a time-out, and a change is
//! believed when a question asked afterwards says so, not because of an exit code.
//!
//! Begin at [`VolumeStore`], the one interface for volumes: [`FolderVolumes`] are folders
//! below a path, [`DockerVolumes`] belong to a Docker engine on this machine, and
//! [`FakeVolumes`] are for tests. [`Docker`] is the program, [`Compose`] starts and stops
//! a project's containers with it, and [`Program`] is the only door through which any
//! program is started.

mod claimed;
mod compose;
mod containers;
mod contents;
mod docker;
mod docker_contents;
mod docker_volumes;
mod error;
mod fake;
mod folder_volumes;
mod helper;
mod image_archive;
mod images;
mod inspected;
mod processes;
pub mod program;
mod quiesce;
mod standing;
mod stopping;
mod volumes;

pub use claimed::{Own, claimed};
pub use compose::{Compose, ComposeProject, Up};
pub use containers::{Container, Health, Mount, containers_using};
pub use contents::{ByPath, Contents, Feed, Place, transfer};
pub use docker::{Docker, ServerInfo};
pub use docker_volumes::DockerVolumes;
pub use error::Error;
pub use fake::FakeVolumes;
pub use folder_volumes::FolderVolumes;
pub use helper::{HelperError, serve};
pub use image_archive::{ArchiveError, ArchivedImage, ImageArchive, load_images};
pub use images::{LocalImage, local_images, missing_images};
pub use program::{Invocation, Output, Program};
pub use quiesce::{Held, Hold};
pub use standing::Failure;
pub use volumes::{NewVolume, User, Volume, VolumeStore, check_name};
