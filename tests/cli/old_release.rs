//! The old release is never changed, whatever the new one holds, and what is written to it
//! meanwhile is never forgotten.

use std::fs;
use std::process::Command;

use transship::engine::{Docker, FolderUsers, FolderVolumes};
use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::Install as Layout;
use transship::upgrade::data_places::DataPlaces;
use transship::upgrade::running::going_back::OnFailure;
use transship::upgrade::{Plan, Runner};

use super::bad_input::{PLAN, refused};
use super::common::install::{Install, run};

#[test]
fn a_release_whose_symlinks_lead_into_the_old_one() {
    let install = Install::adopted();
    let vendor = install.at("vendor");
    fs::create_dir(&vendor).unwrap();
    fs::copy(
        install.at("releases/v1.3.2/docker-compose.yml"),
        vendor.join("docker-compose.yml"),
    )
    .unwrap();
    std::os::unix::fs::symlink("../v1.3.2/etc", vendor.join("etc")).unwrap();
    refused(
        &install,
        &["plan", "v2.10.5", "--from-release", "vendor"],
        3,
        "leads out of the release",
    );
    run(Command::new("tar")
        .args(["-czf", "v2.10.5.tar.gz", "vendor"])
        .current_dir(install.root()));
    refused(&install, &PLAN, 3, "leads out of the release");

    fs::remove_file(vendor.join("etc")).unwrap();
    fs::remove_file(vendor.join("docker-compose.yml")).unwrap();
    std::os::unix::fs::symlink(
        "../v1.3.2/docker-compose.yml",
        vendor.join("docker-compose.yml"),
    )
    .unwrap();
    fs::rename(&vendor, install.at("releases/v2.10.5")).unwrap();
    refused(
        &install,
        &["plan", "v2.10.5"],
        3,
        "leads out of the release",
    );
}

#[test]
fn a_staged_release_whose_folder_is_a_symlink_is_not_carried_through() {
    let install = Install::adopted();
    install.stage();
    std::os::unix::fs::symlink("../v1.3.2/etc", install.at("releases/v2.10.5/etc")).unwrap();
    let old = install.picture("releases/v1.3.2");
    install.run(&["plan", "v2.10.5"]).exits(0);
    install
        .run(&["apply"])
        .exits(3)
        .complains("leads out of its release");
    assert_eq!(install.picture("releases/v1.3.2"), old);
}

#[test]
fn a_volume_that_was_written_between_its_copy_and_the_switch() {
    let install = Install::planned();
    let layout = Layout::at(install.root()).unwrap();
    let plan = Plan::find(&layout, None).unwrap();
    let disk = Disk::with_hook(|op| {
        match op
            .path
            .to_string_lossy()
            .contains("v2_10_5_postgres_data.mtree")
        {
            true => Err(std::io::Error::other("stop here")),
            false => Ok(()),
        }
    });
    let users = FolderUsers::new(Docker::find(Some("/nowhere/docker"))).assume_stopped(true);
    let volumes = FolderVolumes::new(&install.at("volumes"), users);
    let runner = Runner {
        install: &layout,
        disk: &disk,
        volumes: DataPlaces {
            install: &layout,
            volumes: &volumes,
        },
        progress: &Silent,
        on_failure: OnFailure::GoBack,
    };
    runner.apply(plan).unwrap_err();
    // The first volume was copied; the old release is started, and writes it.
    fs::write(
        install.at("volumes/v1_3_2_postgres_backups/written-since"),
        "x",
    )
    .unwrap();
    install
        .run(&["resume"])
        .exits(4)
        .complains("was written since it was copied");
    assert_eq!(install.current(), "releases/v1.3.2");
    install.run(&["rollback"]).exits(0);
    install.plan().exits(0);
    install.run(&["apply"]).exits(0);
    assert!(
        install
            .at("volumes/v2_10_5_postgres_backups/written-since")
            .exists()
    );
}
