//! What others on the engine have of the new release's names, told by `plan` and by `doctor`, and not as its
//! containers are made.

use super::upgrade::{Extra, Upgrade, can};

#[test]
fn containers_that_have_the_new_release_s_project_stand_against_its_plan_and_are_named() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("neighbours", Extra::default(), Extra::default());
    let (before, project) = (upgrade.running("a"), upgrade.project("b"));
    let other = upgrade.project("other");
    let make = |folder: &str| {
        let labels = [
            format!("com.docker.compose.project={project}"),
            format!("com.docker.compose.project.working_dir={folder}"),
            "com.docker.compose.service=web".to_owned(),
            "com.docker.compose.oneoff=False".to_owned(),
        ];
        let mut args = vec!["create", "--name", &other, "--init"];
        args.extend(labels.iter().flat_map(|label| ["--label", label]));
        args.extend(["shell:1", "sleep", "1000"]);
        upgrade.pair.lab.docker(&args);
    };
    let refused = |why: &str| {
        let ran = upgrade.upgrade(&[]).exits(3).complains(why);
        ran.complains(&other).complains(&project);
        let doctor = ["doctor", "v2", "-p", &project, "--json"];
        let ran = upgrade.pair.ran(&doctor).exits(3);
        ran.prints("project-taken").prints(&other);
        assert_eq!(upgrade.answer().as_deref(), Some("v1"), "{why}");
        assert_eq!(upgrade.running("a"), before, "{why}");
    };

    // Stopped, and of somebody else's.
    make("/nowhere/else");
    refused("were made from `/nowhere/else`");
    upgrade.pair.lab.docker(&["rm", "-f", &other]);

    // Its own, which run; while they are stopped, an earlier try may have left them.
    let release = upgrade.pair.home.path().join("releases/v2");
    make(&release.to_string_lossy());
    upgrade.pair.lab.docker(&["start", &other]);
    refused("the new release runs already");
    upgrade.pair.lab.docker(&["stop", "-t", "0", &other]);
    upgrade.upgrade(&[]).exits(0);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
}
