//! Names that a run left which was killed.

use transship::fs::{Purpose, TemporaryName};

/// A temporary name as a process gave it that is gone: no id of a process is that high.
pub(crate) fn dead_name(purpose: Purpose) -> String {
    let own = TemporaryName::new(purpose);
    let own = own.as_os_str().to_str().unwrap().to_owned();
    let id = format!("-{}-", std::process::id());
    own.replacen(&id, &format!("-{}-", i32::MAX - 1), 1)
}

/// True for the name of something temporary, whoever made it.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(".transship-")
}
