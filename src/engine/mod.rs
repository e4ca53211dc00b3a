//! Docker as a program, and the places where a volume lives.
//!
//! transship runs `docker` rather than speaking to its socket: contexts, credential
//! helpers and ssh hosts keep working, and every step of a plan can be
//! shown as the command that a person would type. What Docker says is never taken on
//! trust: its answers are read as JSON, every call has a time-out, and a change is
//! believed when a question asked afterwards says so, not because of an exit code.
//!
//! Begin at [`VolumeStore`], the one interface for volumes: [`FolderVolumes`] are folders
//! below a path, [`DockerVolumes`] belong to a Docker engine on this machine, and
//! [`FakeVolumes`] are for tests. [`Docker`] is the program, [`Compose`] starts and stops
//! a project's containers with it, and [`Program`] is the only door through which any
//! program is started.

mod c_library;
mod docker;
mod error;
mod helper;
mod image_archive;
mod image_hold;
mod images;
pub mod program;
mod projects;
mod volumes;

pub use c_library::c_library_of;
pub use docker::{Docker, ServerInfo};
pub use error::Error;
pub(crate) use helper::labels::run as run_name;
pub use helper::{HelperError, NO_ADDRESS, ShutNetworks, SinkContainer, SinkImage, serve};
pub use image_archive::{ArchiveError, ArchivedImage, ImageArchive, load_images};
pub use image_hold::{ImageHold, LABEL_HOLD, have_image, image_id};
pub use images::{ImageDefaults, LocalImage, image_defaults, local_images, missing_images};
pub use program::{Invocation, Output, Program};
pub use projects::claimed::{EngineClaims, ExceptProject, claimed};
pub use projects::compose::{Compose, ComposeProject, UpOptions, UpWait};
pub use projects::containers::{
    Container, ContainerMaking, Health, Mount, containers_using, projects_from,
};
pub use projects::giving_way::{remove_network, rename_container};
pub use projects::in_service::ServiceCommand;
pub use projects::listening::listening;
pub use projects::lone_container::{
    AddedArguments, ContainerEnd, LoneContainer, LoneOptions, last_lines,
};
pub use projects::no_route::no_route;
pub use projects::standing::{
    StandingContainer, free_names, remove_containers, remove_projects, stop_containers,
};
pub use projects::turnaround::Turnaround;
pub use projects::unseen_data::{UnseenData, UnseenPlace, unseen_data};
pub use projects::unstarted::UnstartedContainer;
pub use volumes::backend::{EngineAccess, VolumeBackend};
pub use volumes::contents::{ByPath, Contents, Feed, StoredVolume, transfer};
pub use volumes::copy::{CopyNotice, InUse, VolumeCopied, VolumeCopy, VolumeCopyOptions};
pub(crate) use volumes::copy_end::FoundEnd;
pub use volumes::copy_end::{CopyEnd, TargetLabels};
pub use volumes::copy_foretold::{VolumeCopyForetold, VolumeCopyWork};
pub use volumes::docker::DockerVolumes;
pub use volumes::fake::FakeVolumes;
pub use volumes::folders::FolderVolumes;
pub use volumes::held::{
    HELD_FORMAT, HeldContainer, HeldContainers, HeldEngine, HeldError, HeldRecord, HeldState,
    LetGo, StillHeld,
};
pub use volumes::idle::{require_all_idle, require_idle, require_unused};
pub use volumes::quiesce::{Quiesce, Quiesced};
pub(crate) use volumes::store::no_such_volume;
pub use volumes::store::{VolumeStore, both_existing, check_name};
pub use volumes::user::User;
pub use volumes::users::{FolderUsers, Users};
pub use volumes::volume::{CopyPair, LABEL_INSTALL, LABEL_RUN, MadeBy, NewVolume, Volume};
