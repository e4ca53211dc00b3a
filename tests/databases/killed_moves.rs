//! A `db move` that is killed, and one that has databases sort by code points.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::need;
use super::program::transship;
use super::server::{COMING_UP, Postgres, docker, sql_in};

/// Enough for a move to be at work for a while.
const ROWS: &str = "create role alice; create table t as select g as id, repeat('x', 300) as x from generate_series(1, 400000) g";

/// The server that fills the data of a container, while there is one.
fn filling(of: &Postgres) -> Option<String> {
    let volume = docker(&[
        "inspect",
        "--format",
        "{{range .Mounts}}{{.Name}}{{end}}",
        &of.name,
    ]);
    let volume = format!("volume={volume}");
    let asked = [
        "ps",
        "--all",
        "--filter",
        "name=transship-filling-",
        "--filter",
        &volume,
    ];
    let found = docker(&[&asked[..], &["--format", "{{.Names}}"]].concat());
    Some(found).filter(|name| !name.is_empty())
}

#[test]
fn what_a_killed_move_left_is_ended_by_the_next_which_may_choose_an_order_of_its_own() {
    if !need::docker() || !need::images(&["postgres:15", "postgres:17"]) {
        return;
    }
    let old = Postgres::start("killed", "postgres:15", &[]);
    let new = Postgres::start("killed", "postgres:17", &[]);
    let again = Postgres::start("killed_again", "postgres:17", &[]);
    let (old, new, again) = (old.ready(), new.ready(), again.ready());
    old.sql("postgres", ROWS);
    let mut child = Command::new(env!("CARGO_BIN_EXE_transship"))
        .args(["db", "move", &old.name, &new.name])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let since = Instant::now();
    // Roles come first.
    let asked = "psql -U postgres -Atc \"select count(*) from pg_roles where rolname = 'alice'\"";
    loop {
        assert!(since.elapsed() < COMING_UP && child.try_wait().unwrap().is_none());
        let ask = |server: String| {
            let output = Command::new("docker")
                .args(["exec", &server, "sh", "-c", asked])
                .output();
            output.unwrap().stdout.starts_with(b"1")
        };
        if filling(&new).is_some_and(ask) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // While it lives nobody else gets in.
    let run = |more: &[&str], to: &Postgres| {
        transship(
            Path::new("/tmp"),
            [&["db", "move", &old.name, &to.name], more].concat(),
        )
    };
    run(&[], &new).exits(3).complains("another move fills");
    child.kill().unwrap();
    child.wait().unwrap();
    let running = ["inspect", "--format", "{{.State.Running}}", &new.name];
    assert_eq!(docker(&running), "false");
    assert!(filling(&new).is_some());
    run(&[], &new)
        .exits(3)
        .complains("a move that was killed had left its server")
        .complains("isn't empty: it has the role `alice`");
    assert_eq!((filling(&new), docker(&running).as_str()), (None, "true"));

    // It is made anew, and sorts by code points: no C library has a part in it. 15 has nothing of the kind.
    run(&["--locale", "builtin"], &again)
        .exits(0)
        .prints("it sorts by code points now, as was asked");
    let kinds = "select string_agg(distinct datlocprovider::text || coalesce(datlocale, ''), ',') from pg_database where datallowconn";
    assert_eq!(sql_in(&again.name, "postgres", kinds), "bC.UTF-8");
    transship(Path::new("/tmp"), ["db", "compare", &old.name, &again.name])
        .exits(1)
        .prints("database postgres");
    transship(
        Path::new("/tmp"),
        ["db", "move", &old.name, &again.name, "--locale", "icu"],
    )
    .exits(2);
}
