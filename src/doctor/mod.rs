//! What may stand against an upgrade, rule by rule: [`RULES`] are functions of what was observed
//! ([`DoctorFacts`]), a file each in `rules/`, and give [`Finding`]s.
//!
//! Nothing here observes and nothing here changes anything. A rule that can't know says so: its finding
//! is unknown, and never absent. The planner asks the rules on databases, and on what else is on
//! the engine, too, and what they refuse stands against its plan.

mod database_facts;
mod database_image;
mod facts;
mod finding;
mod neighbour_facts;
mod rules;

pub use database_facts::{DataMount, DatabaseFacts, SeenDatabases, ServedImage};
pub use database_image::{DatabaseImage, Extension};
pub use facts::{DoctorFacts, EngineFacts, Observed, Room, VolumeUse};
pub use finding::{Finding, Severity};
pub use neighbour_facts::NeighbourFacts;
pub use rules::doctor_rule::DoctorRule;
pub(crate) use rules::secret_in_file::sounds_secret;
pub use rules::table::{RULES, of_databases, of_neighbours};
