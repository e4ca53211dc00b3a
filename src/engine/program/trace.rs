//! Who listens to the calls of programs: what was run, how it ended, how long it took. One listener for
//! the process, since all calls go through the one door.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A call that is over.
#[derive(Debug, Clone, Copy)]
pub struct CallTrace<'a> {
    /// The command as a person would type it, secrets that are known masked.
    pub command: &'a str,
    /// How it ended, where that isn't well: `exit code 1`, or why it couldn't be run.
    pub failed: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
}

/// What hears of each call.
pub type CallListener = dyn Fn(&CallTrace<'_>) + Send + Sync;

static LISTENER: RwLock<Option<Arc<CallListener>>> = RwLock::new(None);

/// Has `listener` hear of every call from now on, instead of whoever did before.
pub fn listen(listener: Arc<CallListener>) {
    *LISTENER.write().unwrap_or_else(PoisonError::into_inner) = Some(listener);
}

/// Tells whoever listens; `trace` is asked only if somebody does.
pub(super) fn tell(trace: &dyn Fn(&CallListener)) {
    let listener = LISTENER.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(listener) = listener.clone() {
        trace(listener.as_ref());
    }
}
