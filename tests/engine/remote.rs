//! Volumes out of this process's reach, in a real engine: as a user in the docker group, and
//! where a volume is mounted from elsewhere. Needs a static transship (`scripts/static`).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use transship::engine::{ByPath, CopyPair, Docker, DockerVolumes, VolumeStore};
use transship::error::Explain;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{CopyOptions, Holds, VerifyOptions};

use super::install::Install;
use super::lab::{Lab, put, store};
use super::look::assert_same;
use super::reach::{User, bound, can, helper, interrupt, look, no_helpers, said, volume};
use super::zoo;

#[test]
fn a_user_of_the_docker_group_copies_the_zoo_as_root_would() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("group"), User::new());
    let source = lab.volume_with_data("zoo");
    zoo::fill(&source);
    let (old, new, direct) = (lab.name("zoo"), lab.name("new"), lab.name("direct"));
    let text = user.runs(&[
        "volume", "copy", &old, &new, "-p", "demo", "--key", "k", "--verify",
    ]);
    assert!(text.contains("verified"), "{text}");
    let copied = volume(&new);
    assert_eq!(copied.labels["com.docker.compose.project"], "demo");
    assert_eq!(copied.labels["com.docker.compose.volume"], "k");
    assert_same(&look(&source), &look(&copied.path));

    let beside = store()
        .create(&Disk::new(), &lab.new_volume("direct"))
        .unwrap();
    let pair = CopyPair {
        source: &volume(&old),
        target: &beside,
    };
    let options = CopyOptions::default();
    store()
        .contents()
        .copy(&Disk::new(), pair, &options, &Silent)
        .unwrap();
    let manifest = |name: &str| {
        let options = VerifyOptions::default();
        store()
            .contents()
            .observe(&volume(name), &options, &Silent)
            .unwrap()
            .digest()
    };
    assert_eq!(manifest(&new), manifest(&direct), "as the direct copy");
    assert_eq!(manifest(&new), manifest(&old));
    no_helpers(&lab, &user);
}

#[test]
fn what_is_there_already_is_refused_and_stays() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("full"), User::new());
    lab.volume_with_data("old");
    let full = lab.volume_with_data("full");
    put(&full, "precious");
    let args = ["volume", "copy", &lab.name("old"), &lab.name("full")];
    let output = user.command(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("is not empty"), "{}", said(&output));
    assert!(full.join("precious").exists() && full.join("kept").exists());
}

#[test]
fn an_interrupted_copy_ends_with_130_and_leaves_nothing() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("stop"), User::new());
    let source = lab.volume_with_data("old");
    for n in 0..40_000 {
        fs::write(source.join(format!("{n}")), n.to_string()).unwrap();
    }
    let args = [
        "volume",
        "copy",
        &lab.name("old"),
        &lab.name("new"),
        "-p",
        "demo",
    ];
    let mut run = user.command(&args).spawn().unwrap();
    let running = || {
        let label = format!("volume={}", lab.name("new"));
        lab.docker(&["ps", "-q", "--filter", &label])
    };
    while running().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it was over too soon");
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(run);
    assert!(store().find(&lab.name("new")).unwrap().is_none());
    assert!(running().is_empty());
    no_helpers(&lab, &user);
}

#[test]
fn a_helper_that_is_killed_leaves_what_is_never_taken_for_whole() {
    if !can() {
        return;
    }
    let lab = Lab::new("kill");
    let source = lab.volume_with_data("old");
    for n in 0..40_000 {
        fs::write(source.join(format!("{n}")), n.to_string()).unwrap();
    }
    let target = store()
        .create(&Disk::new(), &lab.new_volume("new"))
        .unwrap();
    // A volume that is mounted from elsewhere, so that root needs a helper, too.
    let name = bound(&lab, "bound", &target.path);
    let volumes = store().with_helper(Some(helper()));
    let (from, to) = (volume(&lab.name("old")), volume(&name));
    let killed = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let options = CopyOptions::default();
            volumes.contents().copy(
                &Disk::new(),
                CopyPair {
                    source: &from,
                    target: &to,
                },
                &options,
                &Silent,
            )
        });
        let filter = format!("volume={name}");
        loop {
            let id = lab.docker(&["ps", "-q", "--filter", &filter]);
            // Its container is there before it has begun.
            if !id.is_empty() && fs::read_dir(&target.path).unwrap().next().is_some() {
                lab.docker(&["kill", &id]);
                break;
            }
            assert!(!copying.is_finished(), "it was over too soon");
        }
        copying.join().unwrap()
    });
    let error = killed.unwrap_err();
    assert!(!error.hints().is_empty(), "{error}");
    assert_eq!(volumes.contents().holds(&to, &Silent).unwrap(), Holds::Part);
    // Nobody's database could begin there.
    assert_eq!(fs::metadata(&target.path).unwrap().mode() & 0o7777, 0o5700);
    let options = CopyOptions::default();
    let again = volumes.contents().copy(
        &Disk::new(),
        CopyPair {
            source: &from,
            target: &to,
        },
        &options,
        &Silent,
    );
    assert_eq!(again.unwrap().counts.files, 40_001);
    assert_same(&look(&source), &look(&target.path));
}

#[test]
fn a_volume_that_is_mounted_from_elsewhere_is_copied_by_a_helper() {
    if !can() {
        return;
    }
    let lab = Lab::new("bind");
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "elsewhere");
    let name = bound(&lab, "old", folder.path());
    let volumes = store().with_helper(Some(helper()));
    let target = volumes
        .create(&Disk::new(), &lab.new_volume("new"))
        .unwrap();
    let pair = CopyPair {
        source: &volume(&name),
        target: &target,
    };
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let copied = volumes
        .contents()
        .copy(&Disk::new(), pair, &options, &Silent)
        .unwrap();
    assert_eq!(copied.problems, []);
    assert_same(&look(folder.path()), &look(&target.path));
    let differences = volumes.contents().verify(
        &target,
        &copied.manifest.unwrap(),
        &VerifyOptions::default(),
        &Silent,
    );
    assert_eq!(differences.unwrap(), []);
}

/// What changes places where this process reaches the folder alone, and a helper the volume alone.
#[test]
fn a_folder_and_a_volume_that_only_a_helper_reaches_are_copied_from_one_to_the_other() {
    if !can() {
        return;
    }
    let lab = Lab::new("half");
    let folders = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folders.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let (first, elsewhere, last) = (at("first"), at("elsewhere"), at("last"));
    zoo::fill(&first);
    let name = bound(&lab, "half", &elsewhere);
    let volumes = store().with_helper(Some(helper()));
    let [from, to] = [&first, &last].map(|path| ByPath::volume(path));
    let between = volume(&name);
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    for (source, target, there) in [(&from, &between, &elsewhere), (&between, &to, &last)] {
        let contents = volumes.contents();
        let copied = contents
            .copy(&Disk::new(), CopyPair { source, target }, &options, &Silent)
            .unwrap();
        assert_eq!(copied.problems, []);
        // Not looked at before: that fills the cache with zeros where a file was preallocated.
        assert_same(&look(&first), &look(there));
        let manifest = copied.manifest.unwrap();
        let verified = contents.verify(target, &manifest, &VerifyOptions::default(), &Silent);
        assert_eq!(verified.unwrap(), []);
    }
}

/// Sets a flag as `chattr` does.
fn lock(path: &std::path::Path, flag: IFlags) {
    let file = fs::File::open(path).unwrap();
    let flags = ioctl_getflags(&file).unwrap();
    ioctl_setflags(&file, flags | flag).unwrap();
}

#[test]
fn a_volume_with_immutable_and_append_only_files_is_removed() {
    if !can() {
        return;
    }
    let lab = Lab::new("locked");
    for key in ["here", "used"] {
        let data = lab.volume_with_data(key);
        fs::create_dir(data.join("folder")).unwrap();
        put(&data.join("folder"), "log");
        lock(&data.join("kept"), IFlags::IMMUTABLE);
        lock(&data.join("folder/log"), IFlags::APPEND);
        lock(&data.join("folder"), IFlags::IMMUTABLE);
    }
    store().remove(&Disk::new(), &lab.name("here")).unwrap();
    assert!(store().find(&lab.name("here")).unwrap().is_none());

    // Not one that a container, though stopped, will want again.
    let mount = format!("{}:/data", lab.name("used"));
    let name = lab.name("stopped");
    lab.docker(&["create", "--name", &name, "-v", &mount, "shell:1"]);
    store().remove(&Disk::new(), &lab.name("used")).unwrap_err();
    let data = volume(&lab.name("used")).path;
    assert!(data.join("kept").exists() && data.join("folder/log").exists());
}

/// The story, as somebody has it who isn't root: the files are theirs, the volumes are in the
/// engine.
#[test]
fn an_upgrade_works_as_a_user_of_the_docker_group() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("story"), User::new());
    let install = Install::new();
    let old = install.at("releases/v1.3.2/docker-compose.yml");
    let text = fs::read_to_string(&old).unwrap();
    fs::write(
        &old,
        text.replace("name: v1_3_2_", &format!("name: {}", lab.name("old_"))),
    )
    .unwrap();
    for key in ["postgres_data", "postgres_backups"] {
        let made = store()
            .create(&Disk::new(), &lab.new_volume(&format!("old_{key}")))
            .unwrap();
        let from = install.at(&format!("volumes/v1_3_2_{key}"));
        let copied = Command::new("cp")
            .arg("-aT")
            .arg(from)
            .arg(&made.path)
            .status();
        assert!(copied.unwrap().success());
    }
    fs::remove_dir_all(install.at("volumes")).unwrap();
    let data = volume(&lab.name("old_postgres_data")).path;
    std::os::unix::fs::chown(data.join("PG_VERSION"), Some(999), Some(999)).unwrap();
    // The engine doesn't remove what is immutable; whoever discards a copy of it does.
    lock(&data.join("PG_VERSION"), IFlags::IMMUTABLE);
    let before = look(&data);
    let home = user.home.path().join("install");
    let moved = Command::new("cp")
        .arg("-aT")
        .arg(install.root())
        .arg(&home)
        .status();
    assert!(moved.unwrap().success());
    user.own("install");
    let root = home.to_str().unwrap();
    let shipment = home.join("v2.10.5.tar.gz");
    let prefix = lab.name("new_");

    user.runs(&["init", "-C", root]);
    let plan = user.runs(&[
        "plan",
        "v2.10.5",
        "--from-release",
        shipment.to_str().unwrap(),
        "--prefix",
        &prefix,
        "-C",
        root,
    ]);
    assert!(plan.contains("through a helper container"), "{plan}");
    assert!(plan.contains("transship volume copy --verify -p"), "{plan}");
    user.runs(&["apply", "-C", root]);
    let new = volume(&lab.name("new_postgres_data"));
    assert_same(&before, &look(&new.path));
    assert_same(&before, &look(&data));
    assert_eq!(new.labels["com.docker.compose.volume"], "postgres_data");

    put(&new.path, "written since");
    let said = user.runs(&["rollback", "-C", root]);
    assert!(said.contains("was written since it was copied"), "{said}");
    user.runs(&["rollback", "--discard", "--yes", "-C", root]);
    for key in ["new_postgres_data", "new_postgres_backups"] {
        assert!(store().find(&lab.name(key)).unwrap().is_none(), "{key}");
    }
    assert_same(&before, &look(&data));
    no_helpers(&lab, &user);
}

#[test]
fn an_image_for_another_processor_is_refused() {
    if !can() {
        return;
    }
    let lab = Lab::new("arch");
    let folder = tempfile::tempdir().unwrap();
    let name = bound(&lab, "old", folder.path());
    let mut program = fs::read(helper()).unwrap();
    program[18] = 243;
    let other = folder.path().join("riscv");
    fs::write(&other, program).unwrap();
    let volumes: DockerVolumes = DockerVolumes::connect(Docker::find(None).unwrap())
        .unwrap()
        .with_helper(Some(other));
    let error = volumes
        .contents()
        .survey(&volume(&name), &Silent)
        .unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("is a program for riscv64"), "{reason}");
}
