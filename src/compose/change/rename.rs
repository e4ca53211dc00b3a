//! A name that an edit changes, by which others may refer to what has it.

use std::fmt;

/// What has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedThing {
    /// A container, by its fixed name, which is a host name on its networks.
    Container,
    /// A network, by the name that Docker knows it by.
    Network,
    /// A volume, by the name that Docker knows it by.
    Volume,
    /// A port of the host.
    HostPort,
}

impl fmt::Display for NamedThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::HostPort => "host port",
        })
    }
}

/// One thing that gets another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// What has the name.
    pub thing: NamedThing,
    /// The service, or the volume's or network's key, that is called so.
    pub owner: String,
    /// The name until now, resolved.
    pub from: String,
    /// The name from now on.
    pub to: String,
}
