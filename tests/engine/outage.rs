//! What somebody sees from outside of a release that changes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What somebody else sees of the downtime, who asks twenty times a second.
pub(super) struct Outage {
    ends: Arc<AtomicBool>,
    longest: JoinHandle<Duration>,
}

impl Outage {
    pub(super) fn watch(port: u16) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let its_ends = Arc::clone(&ends);
        let longest = std::thread::spawn(move || {
            let (mut longest, mut good) = (Duration::ZERO, Instant::now());
            while !its_ends.load(Relaxed) {
                if ask(port).is_some() {
                    longest = longest.max(good.elapsed());
                    good = Instant::now();
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            longest
        });
        Self { ends, longest }
    }

    /// The text tells of a downtime as long, to what two probers and a busy machine may differ by.
    #[track_caller]
    pub(super) fn expect_told(self, text: &str) {
        self.ends.store(true, Relaxed);
        let seen = self.longest.join().unwrap().as_secs_f64();
        let told = text.split("down for ").nth(1).unwrap();
        let told: f64 = told.split(' ').next().unwrap().parse().unwrap();
        assert!((told - seen).abs() < 2.0, "seen {seen}, told {told}");
        let gap = text.split("longest gap ").nth(1).unwrap();
        let gap: f64 = gap.split(' ').next().unwrap().parse().unwrap();
        assert!((gap - seen).abs() < 2.0, "seen {seen}, gap {gap}");
        let failed = text.split(" probes failed").next().unwrap();
        let failed = failed.rsplit('(').next().unwrap();
        let failed: f64 = failed.split(' ').next().unwrap().parse().unwrap();
        assert!(failed >= 1.0 && failed <= 4.0 * told + 4.0, "{text}");
    }
}

/// What answers on the host's port, if anything does.
pub(super) fn ask(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text.split("\r\n\r\n").nth(1)?.trim().to_owned())
}

/// A port that nothing listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
