//! What a rule found.

use serde::Serialize;

/// Something that a rule found, or couldn't find out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How much it matters; what stands against an upgrade comes first.
    pub severity: Severity,
    /// The rule's id, which scripts can rely on.
    pub rule: &'static str,
    /// What it is about: a clause that names the object.
    pub message: String,
    /// `FILE:LINE:COLUMN`, where it is written.
    pub at: Option<String>,
    /// The next move.
    pub hint: String,
}

/// What a finding means for an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It stands against one.
    Error,
    /// Whether it does can't be known.
    Unknown,
    /// It should be known before one.
    Warning,
}

impl Severity {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    /// A finding of `rule`.
    pub fn new(
        severity: Severity,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            rule,
            message: message.into(),
            at: None,
            hint: hint.into(),
        }
    }

    /// The same with the place that it is written at.
    #[must_use]
    pub fn at(mut self, at: &impl ToString) -> Self {
        self.at = Some(at.to_string());
        self
    }

    /// With its place in one line.
    pub fn told(&self) -> String {
        match &self.at {
            Some(at) => format!("{at}: {}", self.message),
            None => self.message.clone(),
        }
    }
}
