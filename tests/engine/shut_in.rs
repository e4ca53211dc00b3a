//! A service of a rehearsal's clone is on networks of the clone's that lead nowhere, whatever it was on: the
//! engine's own one, one that others made, one that is on the host's. What can't be shut in isn't cloned.

use super::lab::put_text;
use super::rehearse::{litter, rehearse};
use super::upgrade::{Extra, Upgrade, can, text};

#[test]
fn a_clones_services_are_on_networks_that_lead_nowhere_whatever_they_were_on() {
    if !can() {
        return;
    }
    // Of a name that no test knows before its lab does.
    let outer = format!("transship_outer_{}", std::process::id());
    let docker = |args: &[&str]| {
        let mut command = std::process::Command::new("docker");
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    docker(&["network", "create", &outer]);
    let web = "    networks: {default: {}, outer: {}, lan: {ipv4_address: 10.213.78.9}}\n";
    let db = format!(
        "    network_mode: bridge\nnetworks:\n  outer: {{external: true, name: {outer}}}\n\
         \x20 lan:\n    ipam: {{config: [{{subnet: 10.213.78.0/24}}]}}\n"
    );
    let both = Extra { web, db: &db };
    // The new release is on the host's network itself, once it isn't in a clone.
    let new = Extra {
        db: "    driver: macvlan\n",
        ..Extra::default()
    };
    let upgrade = Upgrade::new("shutin", both, new);
    let root = upgrade.pair.home.path();
    let lab = &upgrade.pair.lab;
    let before = upgrade.running("a");
    let ran = rehearse(&upgrade, &["--pause", "--keep", "--json"]).exits(0);
    let rehearsal = &ran.json()["rehearsal"];
    assert_eq!(rehearsal["findings"], serde_json::json!([]));
    let tag = rehearsal["bindings"]["tag"].as_str().unwrap();
    let own = |service: &str| {
        let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}";
        let name = format!("{tag}-{}", lab.name(&format!("b-{service}-1")));
        lab.docker(&["inspect", "--format", format, &name])
    };
    let named = |name: &str| format!("{tag}-{name}");
    assert_eq!(own("db"), named("transship-bridge"));
    let web = own("web");
    let mut web: Vec<_> = web.split(' ').collect();
    web.sort_unstable();
    let mut expected = [
        named(&outer),
        named(&format!("{}_lan", lab.name("b"))),
        named(&format!("{}_default", lab.name("b"))),
    ];
    expected.sort_unstable();
    assert_eq!(web, expected);
    for network in expected.iter().chain([&named("transship-bridge")]) {
        let format = "{{.Internal}} {{.Driver}}";
        let is = lab.docker(&["network", "inspect", "--format", format, network]);
        assert_eq!(is, "true bridge", "{network}");
    }
    upgrade.pair.ran(&["rehearse", "--clean", "--yes"]).exits(0);
    assert_eq!(litter(&upgrade), "");
    upgrade.is_old(&before, "rehearsed");

    for mode in ["host", "container:somebody", &outer] {
        let text = text(lab, upgrade.port(), 2, "", "").replace("    ports:", "    #ports:");
        let text = text.replace("  db:\n", &format!("  db:\n    network_mode: {mode}\n"));
        put_text(&root.join("releases/v2/docker-compose.yml"), &text);
        rehearse(&upgrade, &["--pause"])
            .exits(3)
            .complains(&format!(
                "the network of service `db`, `{mode}`, can't be had twice"
            ));
    }
    assert_eq!(litter(&upgrade), "");
    upgrade.is_old(&before, "refused");
    upgrade.pair.ran(&["stop", "v1"]).exits(0);
    docker(&["rm", "-f", &lab.name("a-web-1"), &lab.name("a-db-1")]);
    docker(&["network", "rm", &outer]);
}
