//! An upgrade on terms, on a real engine: within a window of maintenance, and kept only if somebody
//! confirms it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Zoned};

use super::document;
use super::lab::put_text;
use super::rehearse::rehearse;
use super::upgrade::{Extra, Upgrade, can};

/// A window of today, by how many seconds from now on it begins and ends.
fn window(from: i64, to: i64) -> String {
    let at = |seconds| {
        let time = Zoned::now() + SignedDuration::from_secs(seconds);
        time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    };
    format!("{}/{}", at(from), at(to))
}

#[test]
fn the_window_is_kept_to_before_it_begins_and_where_it_ends_too_soon() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("window", Extra::default(), Extra::default());
    let before = upgrade.running("a");
    let root = upgrade.pair.home.path();

    let refused = upgrade.upgrade(&["--window", &window(3600, 7200)]).exits(3);
    refused.complains("which opens in").complains("--wait");
    let refused = upgrade.upgrade(&["--window", &window(-60, 1)]).exits(3);
    refused.complains("no other comes that is long enough");
    // How long the hook takes, nobody knows.
    put_text(
        &root.join("transship.yml"),
        "hooks: {migrate: {run: 'sleep 300', up: [db]}}",
    );
    let refused = upgrade.upgrade(&["--window", &window(0, 3600)]).exits(3);
    refused.complains("hooks unknown");
    upgrade.is_old(&before, "refused");

    // It is waited for, and what runs over its end goes back.
    let soon = window(20, 50);
    let wait = ["--window", &soon, "--wait", "--accept-unknown-downtime"];
    let ran = upgrade.upgrade(&wait).exits(5);
    ran.complains("all is ready: v1 is stopped in")
        .complains("v1 serves again, down for")
        .complains(&format!("the window {soon} is over"));
    upgrade.is_old(&before, "over");
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);

    put_text(&root.join("transship.yml"), "");
    upgrade.upgrade(&["--window", &window(0, 3600)]).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
}

#[test]
fn a_replay_is_on_terms_too_and_what_is_resumed_after_the_window_goes_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("replayed", Extra::default(), Extra::default());
    let before = upgrade.running("a");
    let root = upgrade.pair.home.path();
    rehearse(&upgrade, &["--pause"]).exits(0);
    let replay = |more: &[&str]| {
        let args = ["upgrade", "v2", "--replay", "last", "--yes"];
        upgrade.pair.ran(&[&args[..], more].concat())
    };
    // What the rehearsal has measured is what is expected.
    replay(&["--max-downtime", "1s"])
        .exits(3)
        .complains("it would be down for about");
    replay(&["--window", &window(3600, 7200)])
        .exits(3)
        .complains("which opens in");
    let one_second = window(0, 1);
    replay(&["--window", &one_second, "--wait"])
        .exits(3)
        .complains("no other comes that is long enough");
    upgrade.is_old(&before, "refused");
    let on_terms = ["--max-downtime", "10m", "--confirm-within", "2s"];
    replay(&[&on_terms[..], &["--window", &window(0, 3600)]].concat())
        .exits(5)
        .complains("v2 serves, and makes way for v1 in")
        .complains("v1 serves again, down for");
    upgrade.is_old(&before, "not confirmed");
    let discard = ["rollback", "--discard", "--yes"];
    upgrade.pair.ran(&discard).exits(0);
    replay(&["--window", &window(0, 3600)]).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    upgrade
        .pair
        .ran(&["rollback", "--accept-data-loss"])
        .exits(0);
    upgrade.pair.ran(&discard).exits(0);
    upgrade.is_old(&before, "rolled back");

    // Whoever began it is killed in its window, and somebody goes on after that.
    put_text(
        &root.join("transship.yml"),
        "hooks: {migrate: 'kill -KILL $PPID; sleep 1'}",
    );
    let (begun, length) = (Instant::now(), Duration::from_secs(45));
    let soon = window(10, 45);
    let in_window = ["--window", &soon, "--wait", "--accept-unknown-downtime"];
    assert_eq!(upgrade.upgrade(&in_window).code, -1, "killed");
    std::thread::sleep((length + Duration::from_secs(1)).saturating_sub(begun.elapsed()));
    upgrade
        .pair
        .ran(&["resume"])
        .exits(5)
        .complains(&format!("the window {soon} is over"))
        .complains("v1 serves again");
    upgrade.is_old(&before, "resumed too late");
}

/// Begins something that ends when it is confirmed, and waits until it waits for that.
#[expect(clippy::zombie_processes, reason = "whoever begins it waits for it")]
fn until_it_waits(command: &mut Command, upgrade: &Upgrade) -> Child {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    loop {
        let status = upgrade.pair.ran(&["status"]).exits(0);
        if status.out.contains("at work") && status.out.contains("unless: transship confirm") {
            return child;
        }
        if begun.elapsed() > Duration::from_mins(2) {
            child.kill().unwrap();
            panic!("{:?}: {}", child.wait(), status.out);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_nobody_confirms_goes_back_and_what_is_confirmed_stays_whoever_was_killed_meanwhile() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("confirm", Extra::default(), Extra::default());
    let before = upgrade.running("a");
    upgrade.pair.ran(&["confirm"]).exits(3);
    let ran = upgrade.upgrade(&["--confirm-within", "2s", "--json"]);
    let failure = ran
        .exits(5)
        .complains("v2 serves, and makes way for v1 in")
        .complains("v1 serves again, down for")
        .complains("it wasn't confirmed by")
        .json();
    let downtime = &failure["error"]["downtime"];
    assert!(downtime["milliseconds"].as_u64().unwrap() > 0, "{failure}");
    assert!(downtime["failed_probes"].as_u64().unwrap() > 0, "{failure}");
    upgrade.is_old(&before, "not confirmed");
    upgrade.pair.ran(&["confirm"]).exits(3);
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);

    let mut child = until_it_waits(
        &mut upgrade.upgrading(&["--confirm-within", "10m"]),
        &upgrade,
    );
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    child.kill().unwrap();
    child.wait().unwrap();
    let status = upgrade.pair.ran(&["status"]).exits(0);
    status
        .prints("done, and to be confirmed")
        .prints("nobody waits for it");
    upgrade
        .pair
        .ran(&["plan", "v2"])
        .exits(3)
        .complains("isn't over");

    let mut resume = Command::new(env!("CARGO_BIN_EXE_transship"));
    resume.arg("resume").current_dir(upgrade.pair.home.path());
    let mut child = until_it_waits(&mut resume, &upgrade);
    let confirmed = upgrade.pair.ran(&["confirm", "--json"]).exits(0);
    let report = document::check("confirm", &confirmed);
    assert_eq!(report["format"], "transship-report");
    assert_eq!([&report["from"], &report["to"]], ["v1", "v2"]);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    upgrade
        .pair
        .ran(&["status"])
        .exits(0)
        .prints("last run  v1 to v2: complete");
}
