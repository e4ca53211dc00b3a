use std::path::Path;

use super::*;
use crate::compose::Model;

fn model(name: &str, text: &str) -> Model {
    Model::of_text(name, text, &[])
}

/// The rules and subjects of what collides between two files, in projects `a` and `b`.
fn found(first: &str, second: &str) -> Vec<String> {
    of(&model("a", first), &model("b", second))
        .into_iter()
        .map(|conflict| {
            let rule = serde_json::to_value(conflict.rule).unwrap();
            assert_eq!(rule, conflict.rule.to_string());
            format!("{} {}", conflict.rule, conflict.subject)
        })
        .collect()
}

fn of(first: &Model, second: &Model) -> Vec<Conflict> {
    conflicts(&Claims::of(first), &Claims::of(second))
}

#[track_caller]
fn check(first: &str, second: &str, expect: &[&str]) {
    assert_eq!(found(first, second), expect);
}

fn service(rest: &str) -> String {
    format!("services: {{web: {{image: nginx, {rest}}}}}")
}

#[test]
fn projects_of_different_names_that_share_nothing_do_not_collide() {
    let text = "services: {web: {image: nginx, volumes: ['db:/db']}}\nvolumes: {db: }";
    check(text, text, &[]);
}

#[test]
fn releases_whose_names_normalise_alike_collide() {
    let (one, other) = (model("v1.3.2", &service("")), model("v13.2", &service("")));
    let found = of(&one, &other);
    let rules: Vec<_> = found.iter().map(|conflict| conflict.rule).collect();
    assert!(rules.contains(&ConflictRule::ProjectName));
    assert!(rules.contains(&ConflictRule::NetworkName));
}

#[test]
fn volumes_of_one_name_collide_if_both_are_used() {
    let fixed = "services: {web: {image: x, volumes: ['db:/db']}}\nvolumes: {db: {name: pg}}";
    let unused = "services: {web: {image: x}}\nvolumes: {db: {name: pg}}";
    check(fixed, fixed, &["volume-name pg"]);
    check(fixed, unused, &[]);
}

#[test]
fn both_places_of_a_conflict_are_named() {
    let text = "services:\n  web:\n    image: x\n    container_name: fixed\n";
    let found = of(&model("a", text), &model("b", text));
    let place = |holder: &Claimant| holder.at.as_ref().unwrap().to_string();
    assert_eq!(place(&found[0].first), "/a/c.yml:4:21");
    assert_eq!(place(&found[0].second), "/b/c.yml:4:21");
    assert_eq!(found[0].subject, "fixed");
}

#[test]
fn ports_collide_by_number_protocol_and_address() {
    let port = |spec: &str| service(&format!("ports: ['{spec}']"));
    let cases: [(&str, &str, &[&str]); 16] = [
        ("80:80", "80:81", &["host-port 80/tcp"]),
        ("80:80", "81:80", &[]),
        ("80:80", "80:80/udp", &[]),
        ("127.0.0.1:80:80", "80:80", &["host-port 80/tcp"]),
        ("127.0.0.1:80:80", "127.0.0.2:80:80", &[]),
        ("80-81:80-81", "81:80", &["host-port 81/tcp"]),
        ("8000-8009:80", "8000:80", &["host-port 8000/tcp"]),
        ("8005:80", "8000-8009:80", &["host-port 8005/tcp"]),
        ("8000-8009:80", "8010:80", &[]),
        ("8000-8009:80", "8000-8009:80", &[]),
        ("8000-8009:80/udp", "8000:80", &[]),
        ("80", "80", &[]),
        ("0.0.0.0:80:80", "[::1]:80:80", &[]),
        ("[::]:80:80", "[::1]:80:80", &["host-port 80/tcp"]),
        ("0.0.0.0:80:80", "[::]:80:80", &[]),
        ("0.0.0.0:80:80", "80:80", &["host-port 80/tcp"]),
    ];
    for (one, other, expect) in cases {
        check(&port(one), &port(other), expect);
    }
}

#[test]
fn networks_collide_by_name_and_by_address() {
    let network = |body: &str| {
        format!("services: {{web: {{image: x, networks: [n]}}}}\nnetworks: {{n: {body}}}")
    };
    let fixed = network("{name: front}");
    check(&fixed, &fixed, &["network-name front"]);
    let subnet = |subnet: &str| network(&format!("{{ipam: {{config: [{{subnet: {subnet}}}]}}}}"));
    check(
        &subnet("10.1.0.0/16"),
        &subnet("10.1.2.0/24"),
        &["network-subnet 10.1.0.0/16 and 10.1.2.0/24"],
    );
    check(&subnet("10.1.0.0/24"), &subnet("10.1.1.0/24"), &[]);
    let two = network("{ipam: {config: [{subnet: 10.1.0.0/16}, {subnet: 'fd00:1::/64'}]}}");
    check(
        &two,
        &two,
        &["network-subnet 10.1.0.0/16", "network-subnet fd00:1::/64"],
    );
}

#[test]
fn one_name_answers_twice_on_a_shared_network() {
    let text = |alias: &str| {
        format!(
            "services: {{w{alias}: {{image: x, networks: {{n: {{aliases: [{alias}]}}}}}}}}\n\
             networks: {{n: {{external: true, name: proxy}}}}"
        )
    };
    check(
        &text("app"),
        &text("app"),
        &["network-alias app on proxy", "network-alias wapp on proxy"],
    );
    check(&text("app"), &text("other"), &[]);
    // The one makes it, and the other joins it.
    let joined = |is_external: bool| {
        format!(
            "services: {{app: {{image: x, networks: [n]}}}}\n\
             networks: {{n: {{external: {is_external}, name: front}}}}"
        )
    };
    for made_by_first in [true, false] {
        let (one, other) = (joined(!made_by_first), joined(made_by_first));
        check(&one, &other, &["network-alias app on front"]);
    }
}

#[test]
fn a_container_s_name_answers_on_its_networks_too() {
    let text = |service: &str, name: &str| {
        format!(
            "services: {{{service}: {{image: x, networks: [n]{name}}}}}\n\
             networks: {{n: {{external: true, name: proxy}}}}"
        )
    };
    check(
        &text("app", ""),
        &text("other", ", container_name: app"),
        &["network-alias app on proxy"],
    );
}

#[test]
fn folders_that_both_write_collide() {
    let bind = |spec: &str| service(&format!("volumes: ['{spec}']"));
    check(&bind("/data:/d"), &bind("/data:/e"), &["shared-bind /data"]);
    check(
        &bind("/data:/d"),
        &bind("/data/x:/e"),
        &["shared-bind /data/x"],
    );
    check(&bind("/data:/d:ro"), &bind("/data:/e"), &[]);
    check(&bind("./data:/d"), &bind("./data:/d"), &[]);
    for shared in ["/var/run/docker.sock", "/etc/localtime", "/etc/ssl/certs"] {
        let text = bind(&format!("{shared}:/s"));
        check(&text, &text, &[]);
    }
    let text = bind("/etc/letsencrypt:/l");
    check(&text, &text, &["shared-bind /etc/letsencrypt"]);
}

#[test]
fn folders_are_compared_by_their_real_paths() {
    let text = service("volumes: ['./data:/d']");
    let (mut one, mut other) = (
        Claims::of(&model("current", &text)),
        Claims::of(&model("v1", &text)),
    );
    assert_eq!(conflicts(&one, &other), []);
    let real = |path: &Path| match path.strip_prefix("/current") {
        Ok(rest) => Path::new("/v1").join(rest),
        Err(_) => path.to_owned(),
    };
    one.resolve_folders(&real);
    other.resolve_folders(&real);
    let found = conflicts(&one, &other);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, "/v1/data");
}

#[test]
fn volumes_made_of_one_export_share_its_data() {
    let text = |name: &str, options: &str| {
        format!(
            "services: {{web: {{image: x, volumes: ['disk:/d']}}}}\n\
             volumes: {{disk: {{name: {name}, driver_opts: {options}}}}}"
        )
    };
    let nfs = |server: &str| format!("{{type: nfs, o: 'addr={server},rw', device: ':/export'}}");
    check(
        &text("one", &nfs("10.0.0.1")),
        &text("other", &nfs("10.0.0.1")),
        &["shared-device nfs 10.0.0.1:/export"],
    );
    check(
        &text("one", &nfs("10.0.0.1")),
        &text("other", &nfs("10.0.0.2")),
        &[],
    );
    let memory = "{type: tmpfs, device: tmpfs}";
    check(&text("one", memory), &text("other", memory), &[]);
}

#[test]
fn a_volume_in_disguise_shares_its_folder() {
    let text = |name: &str| {
        format!(
            "services: {{web: {{image: x, volumes: ['disk:/d']}}}}\n\
             volumes: {{disk: {{name: {name}, driver_opts: {{type: none, o: bind, device: /data}}}}}}"
        )
    };
    check(&text("one"), &text("other"), &["shared-bind /data"]);
}

#[test]
fn routes_of_a_proxy_collide() {
    let labels = |labels: &str| service(&format!("labels: {labels}"));
    check(
        &labels("['traefik.http.routers.app.rule=x', 'traefik.enable=true']"),
        &labels("{traefik.http.routers.app.tls: 'true'}"),
        &["router-label traefik router app"],
    );
    check(
        &labels("{traefik.http.routers.one.rule: Host(`x`)}"),
        &labels("{traefik.http.routers.other.rule: Host(`x`)}"),
        &["router-label traefik rule Host(`x`)"],
    );
    check(
        &labels("{traefik.http.services.app.loadbalancer.server.port: '80'}"),
        &labels("{traefik.http.services.app.loadbalancer.server.port: '81'}"),
        &["router-label traefik service app"],
    );
    check(
        &labels("{traefik.http.middlewares.auth.basicauth.users: a}"),
        &labels("{traefik.http.middlewares.auth.basicauth.users: b}"),
        &["router-label traefik middleware auth"],
    );
    check(
        &labels("{caddy_0: 'a.example, b.example'}"),
        &labels("{caddy: b.example, caddy.reverse_proxy: x}"),
        &["router-label caddy site b.example"],
    );
    check(
        &labels("{caddy: a.example}"),
        &labels("{caddy: b.example}"),
        &[],
    );
}

#[test]
fn services_of_inactive_profiles_count_for_nothing() {
    let text = service("container_name: x, ports: ['80:80'], profiles: [off]");
    check(&text, &service("container_name: x, ports: ['80:80']"), &[]);
}

#[test]
fn rules_are_known_by_their_names_and_say_what_to_do() {
    let mut remedies = std::collections::BTreeSet::new();
    for rule in ConflictRule::ALL {
        assert_eq!(rule.to_string().parse(), Ok(rule));
        let remedy = rule.remedy();
        assert!(remedy.contains(' ') && !remedy.ends_with('.'), "{remedy}");
        assert!(remedies.insert(remedy), "{remedy}");
    }
    let error = "port".parse::<ConflictRule>().unwrap_err();
    assert!(error.starts_with("it is one of project-name, volume-name,"));
}

#[test]
fn what_an_edit_makes_one_within_a_project_is_found_once() {
    let text = |first: &str, second: &str| {
        format!(
            "services:\n  a: {{image: x, container_name: {first}, ports: ['80:80']}}\n  \
             b: {{image: x, container_name: {second}, ports: ['80:80']}}\n"
        )
    };
    let claims = |text: &str| Claims::of(&model("a", text));
    let made = |before: &str, after: &str| -> Vec<_> {
        let made = conflicts_made(&claims(before), &claims(after)).into_iter();
        made.map(|c| {
            format!(
                "{} {} {} {}",
                c.rule, c.subject, c.first.owner, c.second.owner
            )
        })
        .collect()
    };
    let (apart, one, other) = (text("x", "y"), text("x", "x"), text("y", "y"));
    // The port was one before.
    assert_eq!(made(&apart, &one), ["container-name x a b"]);
    assert_eq!(made(&one, &other), ["container-name y a b"]);
    assert_eq!(made(&one, &one), [""; 0]);
    assert_eq!(made(&apart, &apart), [""; 0]);
}

#[test]
fn addresses_of_networks_that_exist_already_are_no_matter() {
    let text = |name: &str, external: bool| {
        format!(
            "services: {{web: {{image: x, networks: [n]}}}}\nnetworks: {{n: {{name: {name}, external: \
             {external}, ipam: {{config: [{{subnet: 10.1.0.0/16}}]}}}}}}"
        )
    };
    check(
        &text("one", false),
        &text("other", false),
        &["network-subnet 10.1.0.0/16"],
    );
    check(&text("one", true), &text("other", false), &[]);
    check(&text("one", false), &text("other", true), &[]);
}

#[test]
fn conflicts_are_in_the_order_of_their_rules_and_subjects() {
    let text = "services: {a: {image: x, container_name: z, labels: {caddy: x.org}}, \
                b: {image: x, container_name: y, ports: ['80:80']}}";
    let expect = [
        "container-name y",
        "container-name z",
        "host-port 80/tcp",
        "router-label caddy site x.org",
    ];
    check(text, text, &expect);
}

#[test]
fn names_that_compose_makes_for_containers_collide_with_others() {
    let fixed = |name: &str| service(&format!("container_name: {name}"));
    check(&fixed("b-web-1"), &service(""), &["container-name b-web-1"]);
    check(&service(""), &fixed("a-web-1"), &["container-name a-web-1"]);
    check(&fixed("b-web-2"), &service(""), &[]);
    for two in [
        "scale: 2",
        "deploy: {replicas: 2}",
        "deploy: {replicas: '2'}",
    ] {
        check(
            &fixed("b-web-2"),
            &service(two),
            &["container-name b-web-2"],
        );
        check(&fixed("b-web-3"), &service(two), &[]);
    }
    check(&fixed("b-web-1"), &service("scale: 0"), &[]);
    check(&fixed("b-web-1"), &service("provider: {type: x}"), &[]);
    check(
        &fixed("b-web-100"),
        &service("scale: 4000000000"),
        &["container-name b-web-100"],
    );
    check(&fixed("b-web-101"), &service("scale: 4000000000"), &[]);
    check(&service(""), &service(""), &[]);
    // `a-b` has `c`, and `a` has `b-c`.
    let found = of(
        &model("a-b", "services: {c: {image: x}}"),
        &model("a", "services: {b-c: {image: x}}"),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, "a-b-c-1");
    assert_eq!(
        found[0].remedy,
        "give the project another name with `-p`, or the service a `container_name`"
    );
    // The second can have a suffix.
    let found = of(&model("a", &service("")), &model("b", &fixed("a-web-1")));
    assert_eq!(found[0].remedy, ConflictRule::ContainerName.remedy());
    assert_eq!(found[0].second.owner, "web");
}

#[test]
fn made_names_of_one_project_are_no_more_than_the_project_s() {
    let text = service("");
    let (one, other) = (
        Model::of_text("a", &text, &[]),
        Model::of_text("a", &text, &[]),
    );
    let rules: Vec<_> = of(&one, &other).iter().map(|found| found.rule).collect();
    assert_eq!(
        rules,
        [ConflictRule::ProjectName, ConflictRule::NetworkName]
    );
    // Nor are its containers that run.
    let runs = |project: &str| {
        let holder = Claimant {
            project: Some(project.to_owned()),
            owner: "a-web-1".to_owned(),
            at: None,
        };
        Claims {
            containers: vec![Claim::new("a-web-1".to_owned(), holder)],
            ..Claims::default()
        }
    };
    let own = Claims::of(&one);
    assert_eq!(conflicts(&runs("a"), &own), []);
    assert_eq!(conflicts(&own, &runs("a")), []);
    assert_eq!(conflicts(&runs("x"), &own).len(), 1);
    assert_eq!(conflicts(&own, &runs("x")).len(), 1);
    // A name that its files fix is another matter.
    let fixed = Model::of_text(
        "a",
        &text
            .replace("web", "x")
            .replace("nginx", "x, container_name: a-web-1"),
        &[],
    );
    let found = of(&one, &fixed);
    assert!(
        found.iter().any(|c| c.rule == ConflictRule::ContainerName),
        "{found:?}"
    );
}

#[test]
fn a_range_that_a_port_is_chosen_from_collides_with_a_single_one_in_it_alone() {
    let ports = |ports: &str| service(&format!("ports: ['{ports}']"));
    for (other, expect) in [
        ("8010:80", &["host-port 8010/tcp"][..]),
        ("8011:80", &[]),
        // The engine takes one that is free.
        ("8005-8015:80", &[]),
    ] {
        check(&ports("8000-8010:80"), &ports(other), expect);
        check(&ports(other), &ports("8000-8010:80"), expect);
    }
}
