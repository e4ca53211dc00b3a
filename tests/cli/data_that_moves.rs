//! Where a service's data is in the old release against where the new one would look for it: found, or asked
//! about, and never begun empty without a word.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::common::program::Ran;
use crate::new_release::TwoReleases;

/// A way to mount data, and what `volumes:` needs for it.
struct Mount {
    source: &'static str,
    definition: &'static str,
    /// Where its data is below the install, of the release `V`.
    place: &'static str,
}

const VOLUME: Mount = Mount {
    source: "data:",
    definition: "data: ",
    place: "volumes/V_data",
};
const FOLDER: Mount = Mount {
    source: "./data:",
    definition: "",
    place: "releases/V/data",
};
const DEVICE: Mount = Mount {
    source: "disk:",
    definition: "disk: {driver_opts: {type: none, o: bind, device: '${PWD}/disk'}}",
    place: "releases/V/disk",
};
const OTHERS: [Mount; 5] = [
    Mount {
        source: "other:",
        definition: "other: ",
        place: "volumes/V_other",
    },
    Mount {
        source: "./other:",
        definition: "",
        place: "releases/V/other",
    },
    Mount {
        source: "SRV:",
        definition: "",
        place: "srv",
    },
    // A volume without a name, and none at all.
    Mount {
        source: "",
        definition: "",
        place: "nowhere",
    },
    Mount {
        source: "none",
        definition: "",
        place: "nowhere",
    },
];

fn compose(install: &str, service: &str, mount: &Mount, target: &str) -> String {
    let source = mount.source.replace("SRV", &format!("{install}/srv"));
    let mounts = match mount.source {
        "none" => String::new(),
        _ => format!(", volumes: ['{source}{target}']"),
    };
    format!(
        "services:\n  {service}: {{image: 'acme/db:1'{mounts}}}\nvolumes: {{{}}}\n",
        mount.definition
    )
}

/// Against every place of the new release's; its service and the place in its container are `db` and
/// `/data` in the old one.
fn found_or_asked_about(old: &Mount, heirs: &[(&str, &str)]) {
    for (service, target) in heirs {
        for new in [VOLUME, FOLDER, DEVICE].iter().chain(&OTHERS) {
            check(old, new, service, target);
        }
    }
}

#[test]
fn data_in_a_volume_is_found_or_asked_about() {
    let heirs = [
        ("db", "/data"),
        ("db", "/data/pg"),
        ("database", "/data"),
        ("database", "/data/pg"),
    ];
    found_or_asked_about(&VOLUME, &heirs);
}

#[test]
fn data_in_a_folder_is_found_or_asked_about() {
    found_or_asked_about(&FOLDER, &[("db", "/data"), ("database", "/data/pg")]);
}

#[test]
fn data_of_a_device_in_the_release_is_found_or_asked_about() {
    found_or_asked_about(&DEVICE, &[("db", "/data/pg"), ("database", "/data")]);
}

fn check(old: &Mount, new: &Mount, service: &str, target: &str) {
    let case = format!("{} -> {} {service} {target}", old.source, new.source);
    let install = TwoReleases::new(&[("releases/v1/compose.yaml", "services: {}\n")]);
    let root = install.0.path().display().to_string();
    install.write(
        "releases/v1/compose.yaml",
        &compose(&root, "db", old, "/data"),
    );
    install.write(
        "releases/v2/compose.yaml",
        &compose(&root, service, new, target),
    );
    install.write(&format!("{}/f", old.place.replace('V', "v1")), "mine");
    fs::create_dir_all(install.0.path().join("srv")).unwrap();
    let plan = "plan v2 --theirs compose.yaml";
    let ran = install.run(plan);
    if old.source == new.source {
        assert_eq!(ran.code, 0, "{case}: {}", ran.err);
        install.run("apply").exits(0);
        let found = install.read(&format!("{}/f", new.place.replace('V', "v2")));
        assert_eq!(found, "mine", "{case}");
        return;
    }
    assert_eq!(ran.code, 3, "{case}: {}{}", ran.out, ran.err);
    let share = match new.source {
        "SRV:" => format!(" --share {root}/srv"),
        _ => String::new(),
    };
    if !share.is_empty() && target == "/data" && service == "db" {
        // To share what the old release hasn't there is no answer to where its data goes.
        let ran = install.run(&format!("{plan}{share}"));
        assert_eq!(ran.code, 3, "{case}: {}{}", ran.out, ran.err);
    }
    let proposed = ran.err.lines().find_map(|line| {
        let begin = line.find("`renames: ")? + 1;
        let recipe = &line[begin..];
        Some(recipe[..recipe.find('`')?].to_owned())
    });
    // What has a place of its own in the new release can be told to be what the old one had.
    let is_renamed = (service, target) == ("db", "/data");
    if is_renamed && new.place.contains('V') {
        assert!(proposed.is_some(), "{case}: {}", ran.err);
    }
    if let Some(recipe) = proposed {
        install.write("transship.yml", &recipe);
        let ran = install.run("plan v2 --theirs compose.yaml");
        assert_eq!(ran.code, 0, "{case} {recipe}: {}{}", ran.out, ran.err);
        if is_renamed {
            does_as_planned(&install, old, new, &format!("{case} {recipe}"));
        }
        fs::remove_file(install.0.path().join("transship.yml")).unwrap();
    }
    let ran = install.run(&format!("{plan} --leave db:/data{share}"));
    assert_eq!(ran.code, 0, "{case}: {}", ran.err);
}

/// What the recipe said brings the data, and going back leaves nothing of it.
fn does_as_planned(install: &TwoReleases, old: &Mount, new: &Mount, case: &str) {
    install.run("apply").exits(0);
    let place = new.place.replace('V', "v2");
    assert_eq!(install.read(&format!("{place}/f")), "mine", "{case}");
    install.run("rollback --discard --yes").exits(0);
    assert!(!install.0.path().join(place).exists(), "{case}");
    let place = old.place.replace('V', "v1");
    assert_eq!(install.read(&format!("{place}/f")), "mine", "{case}");
}

#[test]
fn a_copy_is_offered_only_where_a_file_says_which_folder_it_is() {
    let compose = "services:\n  web: {image: 'acme/web:1', volumes: ['${DATA:-SRV}/web:/d']}\n";
    let install = TwoReleases::new(&[("releases/v1/compose.yaml", compose), ("srv/web/f", "1")]);
    let root = install.0.path().canonicalize().unwrap();
    let srv = root.join("srv").display().to_string();
    for release in ["v1", "v2"] {
        let text = compose.replace("SRV", &srv);
        install.write(&format!("releases/{release}/compose.yaml"), &text);
    }
    let own = format!("`--own {srv}/web` copies it");
    install.run("plan v2").exits(3).complains(&own);
    install.run(&format!("plan v2 --own {srv}/web")).exits(0);
    install.write("releases/v1/.env", &format!("DATA={srv}\n"));
    for release in ["v1", "v2"] {
        install.write(
            &format!("releases/{release}/compose.yaml"),
            &compose.replace(":-SRV", ""),
        );
    }
    let asked = install.run("plan v2").exits(3);
    let asked = asked.complains(&format!("`--share {srv}/web` leaves it to both"));
    assert!(!asked.err.contains("--own"), "{}", asked.err);
}

#[test]
fn what_goes_on_with_another_service_isnt_said_to_stay_behind() {
    let compose = |service: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1'}}\n  {service}: {{image: 'acme/{service}:1', volumes: \
             ['data:/data']}}\nvolumes: {{data: }}\n"
        )
    };
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", &compose("db")),
        ("releases/v2/compose.yaml", &compose("store")),
        ("volumes/v1_data/f", "mine"),
    ]);
    let plan = install.run("plan v2 --theirs compose.yaml").exits(0);
    let plan = plan.prints("v1_data -> v2_data");
    assert!(!plan.out.contains("stays behind"), "{}", plan.out);
}

#[test]
fn a_folder_that_both_mount_comes_along_or_is_asked_about() {
    let compose = "services:\n  db: {image: 'acme/db:1', volumes: ['./data:/data']}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v1/.env", "A=1\n"),
        ("releases/v2/compose.yaml", compose),
        // What keeps the folder in the vendor's repository.
        ("releases/v2/data/.gitkeep", ""),
        ("outside/f", "mine"),
    ]);
    let release = install.0.path().join("releases/v1");
    std::os::unix::fs::symlink("../../outside", release.join("data")).unwrap();
    install.run("plan v2").exits(1);
    install
        .run("plan v2 --theirs data")
        .exits(3)
        .complains("`db` has `/data` in `data`, and that doesn't come along");
    install
        .run("plan v2 --theirs data --leave db:/data")
        .exits(0);
    let outside = install.0.path().join("outside").display().to_string();
    install
        .run(&format!("plan v2 --ours data --share {outside}"))
        .exits(0);
    // What is named to be carried is all that is.
    fs::remove_file(release.join("data")).unwrap();
    install.write("releases/v1/data/f", "mine");
    install
        .run("plan v2 --carry .env")
        .exits(3)
        .complains("--carry data");
    install.run("plan v2 --carry .env --carry data").exits(0);
}

#[test]
fn the_script_of_a_plan_copies_what_changes_places_too() {
    let compose = |mounts: &str, key: &str| {
        format!(
            "services:\n  db: {{image: 'acme/db:1', volumes: [{mounts}]}}\nvolumes: {{{key}: }}\n"
        )
    };
    let recipe = "renames: {volumes: {./data: data, mail: ./kept/mail}}\n";
    let install = TwoReleases::new(&[
        (
            "releases/v1/compose.yaml",
            &compose("'./data:/data', 'mail:/mail'", "mail"),
        ),
        (
            "releases/v2/compose.yaml",
            &compose("'data:/data', './kept/mail:/mail'", "data"),
        ),
        ("releases/v1/data/f", "rows"),
        ("volumes/v1_mail/f", "letters"),
        ("transship.yml", recipe),
    ]);
    let root = install.0.path();
    fs::set_permissions(
        root.join("volumes/v1_mail"),
        fs::Permissions::from_mode(0o710),
    )
    .unwrap();
    let plan = install.run("plan v2 --theirs compose.yaml --sh").exits(0);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_transship"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    install.write("up.sh", &plan.out);
    let mut shell = Command::new("sh");
    Ran::of(shell.arg("up.sh").env("PATH", path).current_dir(root)).exits(0);
    assert_eq!(install.read("volumes/v2_data/f"), "rows");
    assert_eq!(install.read("releases/v2/kept/mail/f"), "letters");
    let mode = fs::metadata(root.join("releases/v2/kept/mail")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o710);
}

#[test]
fn the_same_data_at_another_level_of_the_container_is_told_and_asked_about_where_it_is_a_databases()
{
    let compose = |image: &str, files: &str, up: &str| {
        format!(
            "services:\n  web:\n    image: {image}\n    volumes: ['files:{files}', './up:{up}']\n\
             volumes:\n  files:\n"
        )
    };
    let release = |image, files, up| {
        let old = compose(image, "/srv/data", "/up/in");
        let new = compose(image, files, up);
        TwoReleases::new(&[
            ("shipped/compose.yaml", old.as_str()),
            ("releases/v1/compose.yaml", old.as_str()),
            ("releases/v1/up/f", "1"),
            ("releases/v2/compose.yaml", new.as_str()),
            ("volumes/v1_files/f", "1"),
        ])
    };
    let plan = "plan v2 --pristine shipped";
    for (files, up) in [("/srv", "/up"), ("/srv/data/db", "/up/in/er")] {
        let told = [
            format!("`web` has volume `files` at `/srv/data` now and would have it at `{files}`"),
            format!("`web` has `up` at `/up/in` now and would have it at `{up}`"),
        ];
        let install = release("postgres:17", files, up);
        install
            .run(plan)
            .exits(3)
            .complains(&told[0])
            .complains(&told[1])
            .complains("--leave web:/srv/data");
        let other = release("acme/web:1", files, up).run(plan).exits(0);
        other.prints(&told[0]).prints(&told[1]);
        let meant = format!("{plan} --leave web:/srv/data --leave web:/up/in");
        let meant = install.run(&meant).exits(0);
        assert!(!meant.out.contains("would have it at"), "{}", meant.out);
    }
    // Where an image has its data is its vendor's to say: that place is quite another one.
    let install = release("postgres:17", "/var/files", "/var/up");
    let ran = install.run(plan).exits(0);
    assert!(!ran.out.contains("would have it at"), "{}", ran.out);
}
