//! What the benches of whole commands share.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

// A bench may do with a part of it.
const _: fn(usize) -> String = compose;

/// A compose file of at least `lines` lines: services with comments, anchors and volumes, as
/// real files have them, with images `acme/part0:v1.3.2` and so on.
pub(crate) fn compose(lines: usize) -> String {
    const OF_A_SERVICE: usize = 8;
    let mut text = "x-base: &base\n  restart: unless-stopped\nservices:\n".to_owned();
    for number in 0..(lines - 6) / OF_A_SERVICE {
        text += &format!(
            "  service{number}: # number {number}\n    <<: *base\n    image: 'acme/part{number}:v1.3.2'\n    \
             environment:\n      NUMBER: \"{number}\"\n    ports:\n      - \"{}:80\"\n    volumes: [data:/data]\n",
            8000 + number
        );
    }
    text += "volumes:\n  data:\n    name: v1_3_2_data\n";
    let missing = lines - text.lines().count();
    text + &"# the end\n".repeat(missing)
}

/// How long a command takes from start to a good end.
pub(crate) fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let taken = start.elapsed();
    assert!(status.unwrap().success(), "{command:?}");
    taken
}

/// The median, in milliseconds.
pub(crate) fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
