//! Compose files as they are met in the wild: the table of traps, and every real file of
//! a corpus that isn't part of the project (`TRANSSHIP_CORPUS` names its folder), edited
//! and judged by `PyYAML` and by `docker compose config`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

mod edits;
mod files;
mod model;
#[path = "../common/need.rs"]
mod need;
mod oracle;
mod service_traps;
mod traps;
