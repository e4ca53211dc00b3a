//! What a rule is.

use crate::doctor::{DoctorFacts, Finding};

/// A rule.
#[derive(Debug)]
pub struct DoctorRule {
    /// Its id, which scripts can rely on.
    pub id: &'static str,
    /// What it looks for, in a clause.
    pub looks_for: &'static str,
    /// What it finds.
    pub check: fn(&DoctorFacts) -> Vec<Finding>,
}
