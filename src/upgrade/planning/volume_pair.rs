//! A volume that an upgrade copies, by both names.

/// A volume of the old release and the new release's copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumePair {
    /// The key in the new release's compose files.
    pub key: String,
    /// The real name of the old one.
    pub source: String,
    /// The real name of the new one.
    pub target: String,
    /// Whether an enabled service of the old release uses it: else there needn't be one.
    pub is_used: bool,
}
