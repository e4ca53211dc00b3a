//! Postgres servers that run in containers: what is in them, and whether two of them have the same.
//!
//! Everything is asked by the programs of a container's own image, run in the container by `docker
//! exec`: no client has to be installed, and no port to be open. What is asked is SQL in `survey/`, one
//! file a scope; a row is a JSON array, so that no name and no value can be taken for two.
//!
//! Begin at [`PostgresServer::find`] and [`compare_servers`].

mod collation;
mod compare;
mod comparison;
mod error;
mod explained;
mod server;
mod survey;

pub use collation::{
    CollationReport, CollationVersions, DatabaseCollation, IndexOrder, SortedIndex,
};
pub use compare::compare_servers;
pub use comparison::{
    COMPARISON_FORMAT, ComparedServer, DatabaseComparison, DatabaseDifference, DatabaseTotals,
    ExplainedDifference, TableProof,
};
pub use error::PostgresError;
pub use server::PostgresServer;
pub use survey::{ServerSurvey, SurveyedItem, UnreadItem};
