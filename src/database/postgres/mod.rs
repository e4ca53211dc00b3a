//! Postgres servers that run in containers: what is in them, and whether two of them have the same.
//!
//! Everything is asked by the programs of a container's own image, run in the container by `docker
//! exec`: no client has to be installed, and no port to be open. What is asked is SQL in `survey/`, one
//! file a scope; a row is a JSON array, so that no name and no value can be taken for two.
//!
//! Begin at [`PostgresServer::find`] and [`compare_servers`].

mod client_containers;
mod cluster_making;
mod collation;
mod compare;
mod comparison;
mod dump_archive;
mod dump_fault;
mod dump_file;
mod error;
mod explained;
mod folder_server;
mod folder_upgrade;
mod host_upgrade;
mod image_upgrade;
mod large_tables;
mod lone_server;
mod move_server;
mod moved_locale;
mod obstacles;
mod owner_programs;
mod plain_dump;
mod refill;
mod server;
mod service_lines;
mod snapshot;
mod stream;
mod survey;

pub use collation::{
    CollationReport, CollationVersions, DatabaseCollation, IndexOrder, SortedIndex,
};
pub use compare::compare_servers;
pub use comparison::{
    COMPARISON_FORMAT, ComparedServer, DatabaseComparison, DatabaseDifference, DatabaseTotals,
    ExplainedDifference, TableProof,
};
pub use dump_fault::DumpFault;
pub use dump_file::{
    DUMP_FORMAT, DumpManifest, DumpedDatabase, LoadedDump, dump_server, load_dump, manifest_of,
};
pub use error::PostgresError;
pub use folder_upgrade::{ClusterPlace, FolderUpgrade, UpgradedFolder};
pub use host_upgrade::{HostUpgrade, PreparedUpgrade};
pub use image_upgrade::ImageUpgrade;
pub use lone_server::{LoneServer, LoneStart};
pub use move_server::{Filling, MovedServer, move_server};
pub use moved_locale::MovedLocale;
pub use owner_programs::OwnerPrograms;
pub use refill::{end_left_filling, move_restarting};
pub use server::PostgresServer;
pub use service_lines::ServiceLines;
pub use survey::{ServerSurvey, SurveyedItem, UnreadItem};
