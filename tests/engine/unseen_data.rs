//! What the old release keeps where no compose file names it stands against a plan, by name.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::lab::Lab;
use super::need;
use super::program::Ran;
use super::replacing::Pair;

/// An image with a `VOLUME` of its own, at `/keep`.
fn image(lab: &Lab) -> String {
    let (name, image) = (lab.name("maker"), lab.name("image"));
    lab.docker(&["create", "--name", &name, "shell:1", "true"]);
    lab.docker(&["commit", "--change", "VOLUME /keep", &name, &image]);
    lab.docker(&["rm", &name]);
    image
}

#[test]
fn data_in_volumes_without_a_name_and_in_a_container_s_layer_is_refused_by_name_or_left_on_purpose()
{
    if !(need::docker() && need::root()) {
        return;
    }
    let pair = Pair::new("unseen", |lab, number| {
        let image = match number {
            1 => image(lab),
            _ => lab.name("image"),
        };
        let own = "    network_mode: none\n    stop_grace_period: 0s\n    pull_policy: never\n";
        let writes = "for d in keep scratch app srv; do mkdir -p /$$d && echo row > /$$d/row; done; \
                      echo x > /tmp/x; echo x > /etc/motd; exec sleep 1000";
        format!(
            "services:\n  shop:\n    image: {image}\n{own}    command: [sh, -c, '{writes}']\n    \
             volumes: [/scratch, 'data:/srv']\n  idle:\n    image: {image}\n{own}    command: [sleep, \
             '1000']\n    tmpfs: [/cache]\nvolumes: {{data: {{}}}}\n"
        )
    });
    let (a, b) = (pair.lab.name("a"), pair.lab.name("b"));
    pair.runs(&["up", "v1", "-p", &a]);
    // As long as a shell needs for four files.
    thread::sleep(Duration::from_secs(2));
    let plan = ["plan", "v2", "-p", &b, "--from-project", &a];
    let refused = |more: &[&str]| pair.ran(&[&plan[..], more].concat()).exits(3);
    let unnamed = |path: &str| format!("`shop` keeps data in `{path}`, in a volume without a name");
    let layer = "`shop` keeps data in `/app`, in its container's own layer (files: 1)";
    for state in ["running", "stopped"] {
        let ran = refused(&[]);
        let ran = ran
            .complains(&unnamed("/keep"))
            .complains(&unnamed("/scratch"));
        let ran = ran.complains("(files: 1, bytes: 4)").complains(layer);
        let ran = ran.complains("--leave shop:/keep").complains("docker cp");
        for not in ["idle", "/tmp", "/srv", "/etc/motd", "/cache"] {
            assert!(!ran.err.contains(not), "{state}, {not}: {}", ran.err);
        }
        pair.runs(&["stop", "v1", "-p", &a]);
    }
    let some = ["--leave", "shop:/keep", "--leave", "shop:/app"];
    let ran = refused(&some).complains(&unnamed("/scratch"));
    assert!(!ran.err.contains("/keep"), "{}", ran.err);
    let all = [&some[..], &["--leave", "shop:/scratch"]].concat();
    let planned = pair.runs(&[&plan[..], &all].concat());
    for note in [
        "what `shop` keeps in `/app` stays behind",
        "`/etc/motd` was changed within",
    ] {
        assert!(planned.out.contains(note), "{}", planned.out);
    }
    pair.runs(&["apply"]);
    let _ = Command::new("docker")
        .args(["image", "rm", &pair.lab.name("image")])
        .output();
}

#[test]
fn where_no_engine_answers_what_the_compose_file_shows_is_refused_and_the_rest_is_said_to_be_unknown()
 {
    let home = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let file = |tag: u8| format!("services: {{web: {{image: 'web:{tag}', volumes: [/data]}}}}\n");
    put("releases/v1/compose.yaml", &file(1));
    put("releases/v2/compose.yaml", &file(2));
    std::fs::create_dir(home.path().join("volumes")).unwrap();
    let run = |args: &[&str]| ran(home.path(), args);
    run(&["init", "--current", "v1"]).exits(0);
    let refused = run(&["plan", "v2"]).exits(3);
    refused
        .complains("`web` has a volume without a name at `/data`")
        .complains("can't be known");
    let planned = run(&["plan", "v2", "--leave", "web:/data"]).exits(0);
    planned.prints("whether the old release's containers keep data outside of named volumes can't");
    run(&["plan", "v2", "--leave", "web"])
        .exits(2)
        .complains("SERVICE:/path");
}

fn ran(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command.args(args).current_dir(folder);
    Ran::of(command.env("TRANSSHIP_DOCKER", "/nowhere/docker"))
}
