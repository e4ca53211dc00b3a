//! The only place that reads the time.

use jiff::{Timestamp, Zoned};

/// The time now, in whole seconds: what journals, plans and locks record.
#[expect(clippy::disallowed_methods, reason = "this is the clock's one door")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The time now, where this machine says that it is.
#[expect(clippy::disallowed_methods, reason = "this is the clock's one door")]
pub fn local_now() -> Zoned {
    Zoned::now()
}

/// A stopwatch for rates and reports, never for decisions.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock's one door")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}
