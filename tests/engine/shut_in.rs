//! A service of a rehearsal's clone is on networks of the clone's that lead nowhere, whatever it was on: the
//! engine's own one, one that others made, one that is on the host's. What can't be shut in isn't cloned. This
//! machine isn't reached from there, whatever is tried.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::lab::{Lab, put_text};
use super::need;
use super::rehearse::{ask, litter, rehearse};
use super::upgrade::{Extra, Upgrade, can, text};

/// Listens on all of this machine's addresses, and tells who was heard.
struct Listener {
    port: u16,
    heard: Receiver<String>,
}

impl Listener {
    fn begin() -> Self {
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let tcp = TcpListener::bind(any).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let udp = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();
        let (tell, heard) = channel();
        let told = tell.clone();
        std::thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut text = String::new();
                let _ = stream.unwrap().read_to_string(&mut text);
                if told.send(text).is_err() {
                    return;
                }
            }
        });
        std::thread::spawn(move || {
            let mut packet = [0; 200];
            while let Ok((length, _)) = udp.recv_from(&mut packet) {
                let text = String::from_utf8_lossy(&packet[..length]).into_owned();
                if tell.send(text).is_err() {
                    return;
                }
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> BTreeSet<String> {
        let mut heard = BTreeSet::new();
        while let Ok(text) = self.heard.recv_timeout(Duration::from_secs(1)) {
            heard.insert(text);
        }
        heard
    }
}

/// Tries everything from a container's network: connections and datagrams to the addresses, past the routes where
/// that is possible, and datagrams to everybody; each says `who`, and how it went.
fn try_all(lab: &Lab, container: &str, who: &str, addresses: &[IpAddr], port: u16) {
    let pid = lab.docker(&["inspect", "--format", "{{.State.Pid}}", container]);
    // As one with the right to change its network could.
    for address in addresses {
        let (address, device) = (address.to_string(), "eth0");
        let route = ["ip", "route", "replace", &address, "dev", device];
        let _ = Command::new("nsenter")
            .args(["-t", &pid, "-n"])
            .args(route)
            .output();
    }
    let network = format!("/proc/{pid}/ns/net");
    let (who, addresses) = (who.to_owned(), addresses.to_vec());
    let tried = std::thread::spawn(move || {
        let network = File::open(network).unwrap();
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        // The thread's network's. Its address has to be found to be nobody else's before it is used.
        std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0").unwrap();
        std::thread::sleep(Duration::from_secs(3));
        let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
        udp.set_broadcast(true).unwrap();
        for address in addresses {
            let to = SocketAddr::from((address, port));
            let _ = udp.send_to(format!("{who} udp").as_bytes(), to);
            if let Ok(mut stream) = TcpStream::connect_timeout(&to, Duration::from_secs(2)) {
                let _ = stream.write_all(format!("{who} tcp").as_bytes());
            }
        }
        let _ = udp.send_to(
            format!("{who} broadcast").as_bytes(),
            ("255.255.255.255", port),
        );
        let udp = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        for index in 1..10_000 {
            let all = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
            let to = SocketAddrV6::new(all, port, 0, index);
            let _ = udp.send_to(format!("{who} ipv6").as_bytes(), to);
        }
    });
    tried.join().unwrap();
}

/// A `docker` that does one thing otherwise.
fn docker_but_for(upgrade: &Upgrade, name: &str, case: &str) -> String {
    let script = format!(
        "#!/bin/sh\nfor word do\n  shift\n  case $word in\n    {case} ;;\n    *) set -- \"$@\" \"$word\" ;;\n  esac\n\
         done\nexec docker \"$@\"\n"
    );
    let path = upgrade.pair.home.path().join(name);
    put_text(&path, &script);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The networks of the clone's web service; all of the clone's are internal ones of its own.
fn networks_that_lead_nowhere(lab: &Lab, tag: &str, outer: &str) -> Vec<String> {
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
        named(outer),
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
    expected.to_vec()
}

/// What a service knows by an address is its own by name, and all else is who listens.
fn addresses_are_names(lab: &Lab, tag: &str) {
    let named = |name: &str| format!("{tag}-{}", lab.name(name));
    let format = format!(
        "{{{{(index .NetworkSettings.Networks \"{tag}-{}_lan\").IPAddress}}}}",
        lab.name("b")
    );
    let address = lab.docker(&["inspect", "--format", &format, &named("b-web-1")]);
    let found = lab.docker(&["exec", &named("b-web-1"), "nslookup", "by-number"]);
    assert!(
        found.contains(&format!("Address: {address}")),
        "{found}, not {address}"
    );
    for host in ["erp", "gate"] {
        let ask = format!("nc -w 2 {host} 80 </dev/null");
        lab.docker(&["exec", &named("b-web-1"), "sh", "-c", &ask]);
    }
}

/// This machine is heard of by production's containers, and not by the clone's.
fn this_machine_is_not_reached(lab: &Lab, tag: &str, networks: &[String]) {
    let listener = Listener::begin();
    let gateways = |network: &str| -> Vec<IpAddr> {
        let format = "{{range .IPAM.Config}}{{.Gateway}} {{end}}";
        let all = lab.docker(&["network", "inspect", "--format", format, network]);
        all.split_whitespace()
            .map(|one| one.parse().unwrap())
            .collect()
    };
    let own = gateways(&format!("{}_default", lab.name("a")));
    try_all(lab, &lab.name("a-web-1"), "production", &own, listener.port);
    let heard = ["tcp", "udp", "broadcast", "ipv6"].map(|how| format!("production {how}"));
    assert_eq!(listener.heard(), heard.into(), "or silence says nothing");
    let networks = networks.iter().map(String::as_str);
    let all: Vec<IpAddr> = networks.flat_map(gateways).chain(own).collect();
    assert!(all.len() >= 4, "{all:?}");
    try_all(
        lab,
        &format!("{tag}-{}", lab.name("b-web-1")),
        "clone",
        &all,
        listener.port,
    );
    assert_eq!(listener.heard(), BTreeSet::new());
}

/// An address of its own that is spoken of, rights over the machine, and the networks of others.
fn what_cant_be_had_twice_is_refused(upgrade: &Upgrade, web: &str, db: &str, outer: &str) {
    let (lab, root) = (&upgrade.pair.lab, upgrade.pair.home.path());
    for (more, said) in [
        (
            "    environment: {WEB: 'http://10.213.78.9/'}\n",
            "the address 10.213.78.9 of service `web`",
        ),
        (
            "    privileged: true\n",
            "which service `db` has by `privileged`",
        ),
    ] {
        let text = text(lab, upgrade.port(), 2, web, &format!("{more}{db}"));
        put_text(&root.join("releases/v2/docker-compose.yml"), &text);
        rehearse(upgrade, &["--pause"]).exits(3).complains(said);
    }

    for mode in ["host", "container:somebody", outer] {
        let text = text(lab, upgrade.port(), 2, "", "").replace("    ports:", "    #ports:");
        let text = text.replace("  db:\n", &format!("  db:\n    network_mode: {mode}\n"));
        put_text(&root.join("releases/v2/docker-compose.yml"), &text);
        rehearse(upgrade, &["--pause"]).exits(3).complains(&format!(
            "the network of service `db`, `{mode}`, can't be had twice"
        ));
    }
}

#[test]
fn a_clones_services_are_on_networks_that_lead_nowhere_whatever_they_were_on() {
    if !can() || !need::helper() {
        return;
    }
    // Of a name that no test knows before its lab does.
    let outer = format!("transship_outer_{}", std::process::id());
    let docker = |args: &[&str]| {
        let mut command = Command::new("docker");
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    docker(&["network", "create", &outer]);
    let web = "    networks: {default: {}, outer: {}, lan: {ipv4_address: 10.213.78.9}}\n\
               \x20   extra_hosts: ['by-number:10.213.78.9', 'erp:10.213.79.1', 'gate:host-gateway']\n";
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
    let lab = &upgrade.pair.lab;
    let before = upgrade.running("a");
    let ran = rehearse(&upgrade, &["--pause", "--keep", "--json"]).exits(0);
    let rehearsal = &ran.json()["rehearsal"];
    assert_eq!(rehearsal["findings"], serde_json::json!([]));
    let tag = rehearsal["bindings"]["tag"].as_str().unwrap();
    let networks = networks_that_lead_nowhere(lab, tag, &outer);
    addresses_are_names(lab, tag);
    this_machine_is_not_reached(lab, tag, &networks);
    let remarks = rehearsal["remarks"].to_string();
    let address = remarks.rsplit("web at ").next().unwrap();
    assert_eq!(ask(address.split('"').next().unwrap()), "v2");
    upgrade.pair.ran(&["rehearse", "--clean", "--yes"]).exits(0);
    assert_eq!(litter(&upgrade), "");
    upgrade.is_old(&before, "rehearsed");

    // An engine that doesn't know how is found out.
    let option = "--opt|com.docker.network.bridge.inhibit_ipv4=true)";
    let old_engine = docker_but_for(&upgrade, "old-engine", option);
    rehearse(&upgrade, &["--pause", "--docker", &old_engine])
        .exits(3)
        .complains("has this machine answer on its networks, at");
    assert_eq!(litter(&upgrade), "");
    upgrade.is_old(&before, "reached");

    what_cant_be_had_twice_is_refused(&upgrade, web, &db, &outer);
    assert_eq!(litter(&upgrade), "");
    upgrade.is_old(&before, "refused");
    upgrade.pair.ran(&["stop", "v1"]).exits(0);
    docker(&["rm", "-f", &lab.name("a-web-1"), &lab.name("a-db-1")]);
    docker(&["network", "rm", &outer]);
}
