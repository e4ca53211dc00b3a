//! Which hops which rules give.

use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn known(list: &str) -> Vec<Version> {
    list.split_whitespace().map(version).collect()
}

fn find(rules: &str, ends: &str, known: &KnownReleases) -> Result<UpgradePath, PathError> {
    let rules: PathRules = serde_yaml::from_str(rules).unwrap();
    let (from, to) = ends.split_once(' ').unwrap();
    UpgradePath::find(&rules, &version(from), &version(to), known)
}

/// The places reached by the hops from one end to the other, where all releases are known.
fn check(rules: &str, ends: &str, all: &str, expect: &str) {
    let path = find(rules, ends, &KnownReleases::all(known(all))).unwrap();
    let reached: Vec<_> = path.hops.iter().map(|hop| hop.to.as_str()).collect();
    assert_eq!(reached.join(" "), expect, "{rules} {ends} {all}");
    let from: Vec<_> = path.hops.iter().map(|hop| hop.from.as_str()).collect();
    assert_eq!(
        from.first().copied().unwrap_or(""),
        match reached.is_empty() {
            true => "",
            false => ends.split(' ').next().unwrap(),
        }
    );
    assert_eq!(
        from.get(1..).unwrap_or_default(),
        &reached[..reached.len().saturating_sub(1)]
    );
}

const PACHYDERM: &str = "1.7.14 1.8.0 1.8.7 1.9.0 1.9.12 1.12.5 1.13.4 2.0.0 2.6.9 2.7.1";

#[test]
fn without_rules_every_upgrade_is_one_hop() {
    check("{}", "v1.3.2 v9.0", "v2 v3 v4", "v9.0");
    check("{}", "blue green", "", "green");
    check("{}", "v1 1.0", "", "");
}

#[test]
fn no_more_majors_are_gone_up_than_the_rules_allow() {
    let two = "{max-major-jump: 2}";
    check(two, "1.0 3.0", "2.0", "3.0");
    check(two, "1.0 5.0", "1.5 2.0 2.9 3.0 3.4 4.0", "3.4 5.0");
    check(two, "1.0 4.2", "2.1", "2.1 4.2");
    check(
        "{max-major-jump: 1}",
        "2023.1 2025.2",
        "2024.1 2024.11 2024.12-rc1",
        "2024.11 2025.2",
    );
    check(
        "{max-major-jump: 1}",
        "20230401 20250101",
        "20241130 20241201",
        "20241201 20250101",
    );
}

#[test]
fn a_major_is_left_from_its_last_release() {
    let latest = "{latest-point-release-first: true}";
    check(latest, "1.8.7 2.7.1", PACHYDERM, "1.13.4 2.7.1");
    check(latest, "1.13.4 2.7.1", PACHYDERM, "2.7.1");
    check(latest, "2.0.0 2.7.1", PACHYDERM, "2.7.1");
    check(latest, "v1.0 v3.0", "v1.0 v1.1-rc1", "v3.0");
    let both = "{latest-point-release-first: true, max-major-jump: 1}";
    check(
        both,
        "1.2 4.0",
        "1.2 1.9 2.0 2.9 3.0 3.9",
        "1.9 2.9 3.9 4.0",
    );
}

#[test]
fn no_stop_is_passed_by() {
    let stops = "{stops: [1.8.7, '1.9.0', '1.12']}";
    check(
        stops,
        "1.7.14 1.13.4",
        PACHYDERM,
        "1.8.7 1.9.0 1.12.5 1.13.4",
    );
    check(stops, "v1.8.7 v1.9.12", PACHYDERM, "1.9.0 v1.9.12");
    check(stops, "1.9.0 1.12.5", PACHYDERM, "1.12.5");
    check(stops, "1.12.0 1.13.4", PACHYDERM, "1.13.4");
    check(
        stops,
        "1.7.14 2.7.1",
        &format!("v{}", PACHYDERM.replace(' ', " v")),
        "v1.8.7 v1.9.0 v1.12.5 2.7.1",
    );
}

#[test]
fn a_hop_says_why_it_ends_where_it_does() {
    let rules = "{stops: ['1.9'], max-major-jump: 1, latest-point-release-first: true}";
    let all = KnownReleases::all(known("1.9.0 1.9.3 1.13 2.0 2.5"));
    let path = find(rules, "1.0 3.0", &all).unwrap();
    let told: Vec<_> = path.hops.into_iter().map(|hop| hop.because).collect();
    assert_eq!(
        told,
        [
            HopReason::Stop(version("1.9")),
            HopReason::LastOfMajor(1),
            HopReason::MajorJump(1),
            HopReason::Target
        ]
    );
}

#[test]
fn what_is_not_known_is_refused_and_not_guessed() {
    let some = |list: &str| KnownReleases::some(known(list));
    let refuse = |rules: &str, ends: &str, releases: &KnownReleases, complaint: &str| {
        let error = find(rules, ends, releases).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert!(!error.hints().is_empty());
        error.kind()
    };
    let latest = "{latest-point-release-first: true}";
    let stops = "{stops: [1.8.7]}";
    let one = "{max-major-jump: 1}";
    for (rules, ends, releases, complaint) in [
        (
            latest,
            "1.8 2.0",
            some("1.8 2.0"),
            "whether 1.8 is the last",
        ),
        (
            latest,
            "1.8 2.0",
            some("1.8 1.9 2.0"),
            "whether 1.9 is the last",
        ),
        (
            one,
            "1.0 3.0",
            some("1.0 3.0"),
            "no release on the way is known",
        ),
        (
            one,
            "1.0 3.0",
            KnownReleases::all(known("1.1")),
            "no release on the way",
        ),
        (
            stops,
            "1.7 1.9",
            KnownReleases::all(known("1.7 1.9")),
            "1.8.7",
        ),
        (one, "blue green", some(""), "`blue`"),
    ] {
        assert_eq!(refuse(rules, ends, &releases, complaint), Kind::Refused);
    }
    let kind = refuse("{}", "2.0 1.0", &some(""), "1.0 comes before 2.0");
    assert_eq!(kind, Kind::Usage);
    // A stop has a name, so that it is known where to go even if it isn't here.
    let path = find(stops, "1.7 1.9", &some("1.7 1.9")).unwrap();
    assert_eq!(path.hops[0].to.as_str(), "1.8.7");
}

#[test]
fn every_path_keeps_every_rule() {
    let mut all = Vec::new();
    for major in 1..6 {
        all.extend((0..4).map(|minor| version(&format!("{major}.{minor}"))));
    }
    for jump in 1..4 {
        for (stop, latest) in [("2.2", true), ("3", false), ("4.1", true)] {
            let rules = PathRules {
                max_major_jump: Some(jump),
                latest_point_release_first: latest,
                stops: vec![version(stop)],
                ..PathRules::default()
            };
            let releases = KnownReleases::all(all.clone());
            for (index, from) in all.iter().enumerate() {
                for to in &all[index..] {
                    let path = UpgradePath::find(&rules, from, to, &releases).unwrap();
                    for hop in &path.hops {
                        let (low, high) = (hop.from.major().unwrap(), hop.to.major().unwrap());
                        assert!(hop.from < hop.to && high - low <= jump, "{hop:?}");
                        assert!(!latest || low == high || hop.from.as_str().ends_with(".3"));
                        let passed = |release: &Version| hop.from < *release && *release < hop.to;
                        let [from, to] = [&hop.from, &hop.to].map(|end| end.is_of(&rules.stops[0]));
                        assert!(
                            from || to
                                || !all.iter().any(|release| {
                                    release.is_of(&rules.stops[0]) && passed(release)
                                }),
                            "{hop:?} passes {stop} by"
                        );
                    }
                    assert_eq!(path.hops.last().map_or(from, |hop| &hop.to), to);
                }
            }
        }
    }
}
