//! Installs whose compose files are in a folder of the release: `docker/` as with Dify and Supabase, or
//! wherever `COMPOSE_FILE` says.

use std::fs;
use std::process::Command;

use crate::common::install::run;
use crate::new_release::TwoReleases;

const WEB: &str = "services:\n  web:\n    image: acme/web:v1\n    volumes: ['data:/d', './files:/f', \
                   '../shared:/s', '${PWD}/pwd:/p']\n    env_file: ./extra.env\nvolumes:\n  data:\n";

/// An install with `WEB` as `name` in `folder` of both releases.
fn in_folder(folder: &str, name: &str) -> TwoReleases {
    let at = |version: &str, name: &str| format!("releases/{version}/{folder}/{name}");
    let install = TwoReleases::new(&[
        (&at("v1", name), WEB),
        (&at("v2", name), WEB),
        (&at("v1", ".env"), "PORT=1\n"),
        (&at("v1", "extra.env"), "E=1\n"),
        (&at("v1", "files/f"), "f\n"),
        (&at("v1", "pwd/p"), "p\n"),
        (&at("v1", "../shared/s"), "s\n"),
    ]);
    let last = folder.rsplit('/').next().unwrap();
    install.write(&format!("volumes/{last}_data/rows"), "rows\n");
    install
}

#[test]
fn the_one_folder_with_compose_files_is_found_recorded_and_used_by_every_command() {
    for folder in ["docker", "deploy/docker"] {
        let install = in_folder(folder, "docker-compose.yaml");
        let told = format!("its compose files in `{folder}`");
        install.run("init").exits(0).prints(&told);
        install
            .run("plan v2")
            .exits(3)
            .complains("`--project NAME`");
        install.run("plan v2 --project app2").exits(0);
        let applied = install.run("apply").exits(0);
        let release = install.0.path().join("releases/v2");
        let place = release.join(folder);
        applied.prints("transship up v2");
        for (name, content) in [
            ("files/f", "f\n"),
            ("pwd/p", "p\n"),
            (".env", "PORT=1\n"),
            ("extra.env", "E=1\n"),
            ("../shared/s", "s\n"),
        ] {
            let path = place.join(name);
            assert_eq!(
                fs::read_to_string(&path).ok().as_deref(),
                Some(content),
                "{path:?}"
            );
        }
        let compose = install.read(&format!("releases/v2/{folder}/docker-compose.yaml"));
        assert!(compose.contains("image: acme/web:v2"), "{compose}");
        assert!(compose.contains("name: v2_data"), "{compose}");
        assert_eq!(install.read("volumes/v2_data/rows"), "rows\n");
        let compared = install.run("conflicts v1 v2").exits(1);
        compared.prints("project-name: docker");
        let back = install.run("rollback").exits(0);
        back.prints("transship up v1");
        install.run("release use v2").exits(0);
    }
}

#[test]
fn several_folders_with_compose_files_are_a_question_and_a_record_is_the_answer() {
    let compose = "services:\n  web: {image: 'acme/web:v1'}\n";
    let install = TwoReleases(tempfile::tempdir().unwrap());
    for version in ["v1", "v2"] {
        for folder in ["docker", "deploy", "stack"] {
            install.write(
                &format!("releases/{version}/{folder}/compose.yaml"),
                compose,
            );
        }
    }
    let asked = install.run("init --current v1").exits(3);
    let asked = asked.complains("has compose files in several folders: `deploy`, `docker`");
    asked.complains("`transship init --project-directory deploy`");
    install
        .run("init --current v1 --project-directory ../x")
        .exits(2)
        .complains("no folder below");
    install
        .run("init --current v1 --project-directory gone")
        .exits(3)
        .complains("v1/gone");
    for folder in ["stack", "docker"] {
        install
            .run(&format!("init --current v1 --project-directory {folder}"))
            .exits(0);
        let status = install.run("plan v2 --project two --dry-run").exits(0);
        status.prints(&format!("+++ b/releases/v2/{folder}/compose.yaml"));
    }
    fs::remove_dir_all(install.0.path().join("releases/v2/docker")).unwrap();
    fs::remove_dir_all(install.0.path().join("releases/v2/stack")).unwrap();
    let moved = install.run("plan v2 --project two").exits(3);
    moved.complains("the compose files of v1 are in `docker`, and those of v2 in `deploy`");
}

#[test]
fn an_archive_of_nothing_but_that_folder_is_laid_out_as_the_releases_are() {
    let compose = "services:\n  web: {image: 'acme/web:v1'}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/docker/compose.yaml", compose),
        ("new/docker/compose.yaml", compose),
        ("new/README.md", "read me\n"),
    ]);
    for packed in ["docker", "docker README.md"] {
        let mut tar = Command::new("tar");
        let names = packed.split(' ');
        run(tar
            .args(["-czf", "../v2.tgz"])
            .args(names)
            .current_dir(install.0.path().join("new")));
        install
            .run("plan v2 --project two --from-release v2.tgz")
            .exits(0);
    }
    install.run("apply").exits(0);
    let staged = install.read("releases/v2/docker/compose.yaml");
    assert_eq!(staged, compose.replace("v1", "v2"));
}

#[test]
fn a_folder_of_another_name_is_not_guessed_but_named() {
    let install = TwoReleases(tempfile::tempdir().unwrap());
    install.write(
        "releases/v1/stack/compose.yaml",
        "services:\n  web: {image: x}\n",
    );
    let asked = install.run("init").exits(2);
    asked.complains("`transship init --project-directory stack`");
    install.run("init --project-directory stack").exits(0);
    install.run("release ls").exits(0).prints("current");
}

#[test]
fn compose_file_in_the_top_s_env_leads_into_a_folder_as_compose_follows_it() {
    let compose = "services:\n  web:\n    image: 'acme/web:${TAG}'\n    volumes: ['./files:/f', '${PWD}/top:/t']\n";
    let install = TwoReleases::new(&[
        ("releases/v1/ops/prod.yml", compose),
        (
            "releases/v1/.env",
            "COMPOSE_FILE=ops/prod.yml:ops/mine.yml\nTAG=1\n",
        ),
        ("releases/v1/ops/.env", "TAG=2\nX=1\n"),
        (
            "releases/v1/ops/mine.yml",
            "services:\n  web: {hostname: '${X}'}\n",
        ),
        ("releases/v1/ops/files/f", "f"),
        ("releases/v1/top/t", "t"),
        ("ops2/ops/prod.yml", compose),
    ]);
    let root = install.0.path();
    let mut tar = Command::new("tar");
    run(tar.args(["-czf", "v2.tgz", "ops2"]).current_dir(root));
    install
        .run("plan v2 --project two --from-release v2.tgz")
        .exits(0);
    let applied = install.run("apply").exits(0);
    applied.prints("transship up v2");
    for name in ["ops/files/f", "top/t", "ops/mine.yml"] {
        assert!(root.join("releases/v2").join(name).is_file(), "{name}");
    }
    install.run("rollback").exits(0);
}

#[test]
fn compose_files_that_a_vendor_moves_are_refused_with_both_places_and_nothing_is_changed() {
    let compose =
        "services:\n  web: {image: 'acme/web:v1', volumes: ['data:/d']}\nvolumes: {data: }\n";
    for (old, new, told) in [
        (
            "",
            "docker/",
            "v1 are in its top, and those of v2 in `docker`",
        ),
        (
            "docker/",
            "",
            "v1 are in `docker`, and those of v2 in its top",
        ),
    ] {
        let install = TwoReleases::new(&[
            (&format!("releases/v1/{old}compose.yaml"), compose),
            (&format!("releases/v1/{old}.env"), "A=1\n"),
            (&format!("new/{new}compose.yaml"), compose),
            ("volumes/docker_data/f", "x"),
            ("volumes/v1_data/f", "x"),
        ]);
        for verb in ["plan", "doctor"] {
            let refused = install.run(&format!("{verb} v2 --project two --from-release new"));
            refused
                .exits(3)
                .complains(told)
                .complains("both releases have to be laid out alike");
        }
        assert!(!install.0.path().join("releases/v2").exists());
        install.run("apply").exits(2).complains("there is no plan");
    }
}
