//! What people see: streams, tables, progress, colours, failures, diffs.

pub(crate) mod color;
pub(crate) mod failure;
pub(crate) mod fold;
pub(crate) mod json_document;
mod pager;
pub(crate) mod pasted;
pub(crate) mod progress;
mod run_bar;
mod run_line;
mod run_logging;
mod signals;
pub(crate) mod size;
pub(crate) mod table;
pub(crate) mod text_diff;
pub(crate) mod ui;
pub(crate) mod visible;
mod work_name;
