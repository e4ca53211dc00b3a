//! A place in a service's containers, as `plan --leave` takes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place in a service's containers, written `SERVICE:/path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePath {
    /// The compose service.
    pub service: String,
    /// The absolute path in its containers.
    pub path: PathBuf,
}

impl fmt::Display for ServicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.path.display())
    }
}

impl FromStr for ServicePath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((service, path)) if !service.is_empty() && path.starts_with('/') => Ok(Self {
                service: service.to_owned(),
                path: path.into(),
            }),
            _ => Err("it is written SERVICE:/path"),
        }
    }
}

impl ServicePath {
    /// True if `path` in the containers of `service` is there, or below.
    pub(super) fn covers(&self, service: &str, path: &Path) -> bool {
        self.service == service && path.starts_with(&self.path)
    }
}
