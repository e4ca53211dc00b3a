//! An engine's helper as it is needed: brought in the background, or on demand, and then there
//! for all further work.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::super::{Docker, ServerInfo};
use super::{Helper, HelperError};
use crate::threads;

/// Where a helper is kept.
#[derive(Default)]
pub(in crate::engine) struct LazyHelper(Mutex<LazyState>);

#[derive(Default)]
enum LazyState {
    #[default]
    Nobody,
    Coming(JoinHandle<Result<Helper, HelperError>>),
    There(Arc<Helper>),
}

impl LazyHelper {
    /// Begins to bring the helper, if nobody has yet; how that went is told when it is needed.
    pub(in crate::engine) fn call(
        &self,
        docker: &Docker,
        server: &ServerInfo,
        program: Option<&Path>,
    ) {
        let mut state = self.state();
        if matches!(*state, LazyState::Nobody) {
            let (docker, server) = (docker.clone(), server.clone());
            let program = program.map(Path::to_owned);
            let bring = move || Helper::bring(&docker, &server, program.as_deref());
            // Refused, it is brought when it is needed.
            if let Ok(coming) = threads::start(bring) {
                *state = LazyState::Coming(coming);
            }
        }
    }

    /// The helper, once it is there. After an error the next call brings it anew.
    pub(in crate::engine) fn helper(
        &self,
        docker: &Docker,
        server: &ServerInfo,
        program: Option<&Path>,
    ) -> Result<Arc<Helper>, HelperError> {
        let mut state = self.state();
        let helper = match std::mem::take(&mut *state) {
            LazyState::There(helper) => helper,
            LazyState::Coming(coming) => Arc::new(joined(coming)?),
            LazyState::Nobody => Arc::new(Helper::bring(docker, server, program)?),
        };
        *state = LazyState::There(Arc::clone(&helper));
        Ok(helper)
    }

    fn state(&self) -> MutexGuard<'_, LazyState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LazyHelper {
    /// What is under way is waited for, so that nothing is done after this is gone.
    fn drop(&mut self) {
        if let LazyState::Coming(coming) = std::mem::take(&mut *self.state()) {
            drop(coming.join());
        }
    }
}

fn joined<T>(thread: JoinHandle<T>) -> T {
    let panicked = |panic| std::panic::resume_unwind(panic);
    thread.join().unwrap_or_else(panicked)
}
