//! Lines of a helper, read on a thread of their own.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};

use super::HelperError;
use super::protocol::{HelperEvent, LONGEST};
use crate::threads;

/// Lines that are read ahead.
const AHEAD: usize = 64;

/// What is said of a helper that nobody can listen to.
pub(super) const NO_THREAD: &str = "nothing that could be heard: no thread is to be had";

/// What was heard.
pub(super) type Heard = Result<HelperEvent, HelperError>;

/// Reads events from `stream`; the first that makes no sense is the last.
pub(super) fn listen(stream: impl Read + Send + 'static) -> Receiver<Heard> {
    let (send, heard) = sync_channel(AHEAD);
    let refused = send.clone();
    let listening = threads::start(move || {
        let mut stream = BufReader::with_capacity(64 << 10, stream);
        while let Some(event) = next(&mut stream) {
            let last = event.is_err();
            // Nobody listens any more.
            if send.send(event).is_err() || last {
                return;
            }
        }
    });
    if listening.is_err() {
        let said = NO_THREAD;
        let _ = refused.send(Err(HelperError::BadReply { said }));
    }
    heard
}

fn next(stream: &mut BufReader<impl Read>) -> Option<Heard> {
    let nonsense = |said| Some(Err(HelperError::BadReply { said }));
    let mut line = Vec::new();
    let read = stream.take(LONGEST as u64).read_until(b'\n', &mut line);
    match read {
        // How it ended is told by the container.
        Ok(0) | Err(_) => None,
        Ok(LONGEST) if !line.ends_with(b"\n") => nonsense("a line without an end"),
        Ok(_) if !line.ends_with(b"\n") => None,
        Ok(_) => match serde_json::from_slice(&line) {
            Ok(event) => Some(Ok(event)),
            Err(_) => nonsense("not what a helper says"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(said: &[u8]) -> Vec<Result<HelperEvent, String>> {
        let heard = listen(std::io::Cursor::new(said.to_vec()));
        let text = |heard: Heard| heard.map_err(|error| error.to_string());
        heard.into_iter().map(text).collect()
    }

    #[test]
    fn events_come_in_order_and_a_cut_one_is_none() {
        let said =
            b"{\"is\":\"at\",\"bytes\":1,\"files\":0}\n{\"is\":\"note\",\"line\":\"x\"}\n{\"is\":";
        let events = heard(said);
        assert_eq!(events[0], Ok(HelperEvent::At { bytes: 1, files: 0 }));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn nonsense_is_the_last_that_is_heard() {
        for said in [
            "<html>\n{\"is\":\"at\",\"bytes\":1,\"files\":0}\n",
            "{\"is\":\"at\",\"bytes\":-1,\"files\":0}\n",
            "{\"is\":\"at\",\"bytes\":1,\"files\":0,\"more\":1}\n",
            "{\"is\":\"other\"}\n",
            "\u{0}\n",
        ] {
            let events = heard(said.as_bytes());
            assert_eq!(events.len(), 1, "{said}");
            assert!(
                events[0]
                    .as_ref()
                    .is_err_and(|error| error.contains("can't be understood"))
            );
        }
    }

    #[test]
    fn a_line_without_an_end_is_nonsense_and_fills_no_memory() {
        let events = heard(&vec![b'x'; 3 * LONGEST]);
        assert_eq!(events.len(), 1);
        assert!(
            events[0]
                .as_ref()
                .is_err_and(|error| error.contains("without an end"))
        );
    }
}
