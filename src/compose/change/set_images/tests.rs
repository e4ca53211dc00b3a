use std::path::Path;

use super::*;
use crate::compose::images;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

const FOLLOW: ImageOptions = ImageOptions {
    keep_digest: false,
    tag_var: true,
};

/// The one service's image after an edit, with `VERSION` set to `1.2` and `EMPTY` to
/// nothing, and what is to become of variables.
fn set(image: &str, rule: &str, options: ImageOptions) -> Result<(String, Vec<String>), Error> {
    let text = format!("services:\n  web:\n    image: '{image}'\n");
    let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
    let lookup = |name: &str| match name {
        "VERSION" => Some("1.2".to_owned()),
        "IMAGE" => Some("app:1".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let rules = [rule.parse().unwrap()];
    let (edited, variables) = set_images_with(&document, &rules, &options, &lookup)?;
    let edited = String::from_utf8(edited.bytes).unwrap();
    let image = edited.split('\'').nth(1).unwrap().to_owned();
    let variables = variables
        .into_iter()
        .map(|variable| format!("{}={}", variable.name, variable.to))
        .collect();
    Ok((image, variables))
}

#[track_caller]
fn check(image: &str, rule: &str, expect: &str) {
    let (found, variables) = set(image, rule, ImageOptions::default()).unwrap();
    assert_eq!((found.as_str(), variables.len()), (expect, 0));
}

#[track_caller]
fn check_followed(image: &str, rule: &str, expect: &str, expect_variables: &[&str]) {
    let (found, variables) = set(image, rule, FOLLOW).unwrap();
    assert_eq!(found, expect);
    assert_eq!(variables, expect_variables);
}

#[track_caller]
fn check_error(image: &str, rule: &str, options: ImageOptions, expect: &str) {
    let error = set(image, rule, options).unwrap_err();
    assert_eq!(error.to_string(), expect);
}

#[test]
fn tags_and_digests_become_what_the_rule_names() {
    check("app:1", "app=2", "app:2");
    check("app", "app=2", "app:2");
    check(
        "app",
        &format!("app=2@{DIGEST}"),
        &format!("app:2@{DIGEST}"),
    );
    check(&format!("app@{DIGEST}"), "app=2", "app:2");
    check(
        &format!("app:1@{DIGEST}"),
        &format!("app=2@{OTHER}"),
        &format!("app:2@{OTHER}"),
    );
    check(
        &format!("app:1@{DIGEST}"),
        &format!("app=@{OTHER}"),
        &format!("app:1@{OTHER}"),
    );
    check("reg:5000/app", "reg:5000/app=2", "reg:5000/app:2");
}

#[test]
fn a_service_rule_replaces_the_whole_reference() {
    check("app:1", "service:web=reg:5000/x:2", "reg:5000/x:2");
    check("app:1", "service:web=x", "x");
    check(&format!("app:1@{DIGEST}"), "service:web=x:2", "x:2");
}

#[test]
fn a_digest_that_is_to_be_kept_refuses_another_tag() {
    let keep = ImageOptions {
        keep_digest: true,
        ..ImageOptions::default()
    };
    check_error(
        &format!("app:1@{DIGEST}"),
        "app=2",
        keep,
        "c.yml:3:12: the image of `web` is pinned by a digest",
    );
    let same = format!("app:1@{DIGEST}");
    assert_eq!(set(&same, "app=1", keep).unwrap().0, same);
}

#[test]
fn a_dropped_digest_is_warned_of() {
    let text = format!("services: {{web: {{image: app:1@{DIGEST}}}}}");
    let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
    let rules = ["app=2".parse().unwrap()];
    let edited = set_images(&document, &rules, &ImageOptions::default()).unwrap();
    let warnings: Vec<_> = edited.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["c.yml:1:25: the digest of the image of `web` was dropped: it belongs to the old tag"]
    );
}

#[test]
fn what_a_variable_holds_is_left_alone_unless_followed() {
    for image in [
        "app:${T:-1}",
        "app:${VERSION}",
        "app:${T}",
        "app:${T:-${U-1}}",
    ] {
        let error = set(image, "app=2", ImageOptions::default()).unwrap_err();
        assert!(
            matches!(error, Error::HeldInVariable { .. }),
            "{image}: {error}"
        );
    }
    check_error(
        "${R:-app}:${T:-1}",
        "app=2",
        ImageOptions::default(),
        "c.yml:3:12: `web` holds the tag of its image in the variable `T`",
    );
}

#[test]
fn a_default_is_changed_in_its_place() {
    check_followed("app:${T:-1}", "app=2", "app:${T:-2}", &[]);
    check_followed("app:${T-1}-x", "app=2-x", "app:${T-2}-x", &[]);
    check_followed("${IMG:-app:1}", "app=2", "${IMG:-app:2}", &[]);
    check_followed("app:${T:-${U:-1}}", "app=2", "app:${T:-${U:-2}}", &[]);
    check_followed(
        "${R:-reg:5000}/app:${T:-1}",
        "reg:5000/app=2",
        "${R:-reg:5000}/app:${T:-2}",
        &[],
    );
}

#[test]
fn a_value_from_outside_is_given_back_to_be_changed() {
    check_followed("app:${VERSION}", "app=2", "app:${VERSION}", &["VERSION=2"]);
    check_followed(
        "app:${VERSION:-1}",
        "app=2",
        "app:${VERSION:-1}",
        &["VERSION=2"],
    );
    check_followed(
        "app:v${VERSION}-a",
        "app=v2-a",
        "app:v${VERSION}-a",
        &["VERSION=2"],
    );
    check_followed("app:${UNSET}", "app=2", "app:${UNSET}", &["UNSET=2"]);
    check_followed("${IMAGE}", "app=2", "${IMAGE}", &["IMAGE=app:2"]);
}

#[test]
fn a_tag_of_several_parts_is_refused() {
    check_error(
        "app:${VERSION}-${VERSION}",
        "app=2",
        FOLLOW,
        "c.yml:3:12: the image of `web` can't be changed: its tag is put together from several \
         parts",
    );
    check_error(
        "app${SUFFIX}",
        "app=2",
        ImageOptions::default(),
        "c.yml:3:12: `web` holds the tag of its image in the variable `SUFFIX`",
    );
}

#[test]
fn images_that_share_a_variable_must_agree() {
    let text = "services:\n  a: {image: 'x:${T}'}\n  b: {image: 'y:${T}'}\n";
    let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
    let lookup = |_: &str| Some("1".to_owned());
    let set = |rules: &[&str]| {
        let rules: Vec<ImageRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        set_images_with(&document, &rules, &FOLLOW, &lookup)
    };
    let (_, variables) = set(&["y=2"]).unwrap();
    assert_eq!(variables[0].services, ["b", "a"]);
    assert_eq!(variables[0].from.as_deref(), Some("1"));
    assert!(set(&["x=2", "y=2"]).is_ok());
    let error = set(&["x=2", "y=3"]).unwrap_err();
    assert!(
        error.to_string().contains("different values of `T`"),
        "{error}"
    );
}

#[test]
fn the_last_rule_that_matches_counts() {
    let text = "services: {web: {image: app:1}, db: {image: pg:1}}";
    let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
    let rules = ["*=2", "pg=3"].map(|rule| rule.parse().unwrap());
    let edited = set_images(&document, &rules, &ImageOptions::default()).unwrap();
    assert_eq!(
        edited.bytes,
        b"services: {web: {image: app:2}, db: {image: pg:3}}"
    );
    let keys: Vec<_> = edited
        .changes
        .iter()
        .map(|change| change.key.join("."))
        .collect();
    assert_eq!(keys, ["services.web.image", "services.db.image"]);
}

#[test]
fn a_rule_without_an_image_lists_the_repositories() {
    let error = set("reg:5000/app:1", "postgres=2", ImageOptions::default()).unwrap_err();
    assert!(error.is_no_match());
    assert_eq!(error.to_string(), "c.yml: no image matches `postgres=2`");
    assert_eq!(
        crate::error::Explain::hints(&error),
        ["its repositories are: reg:5000/app"]
    );
}

#[test]
fn services_that_share_an_image_by_an_anchor_are_named() {
    let text = "services:\n  a: &a {image: app:1}\n  b: *a\n  c: {<<: *a}\n";
    let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
    let rules = ["service:b=app:2".parse().unwrap()];
    let edited = set_images(&document, &rules, &ImageOptions::default()).unwrap();
    let change = &edited.changes[0];
    assert_eq!(change.key, ["services", "b", "image"]);
    assert_eq!(change.affects, ["a", "c"]);
    assert_eq!(change.at.to_string(), "c.yml:2:17");
    assert_eq!(
        (change.from.as_deref(), change.to.as_str()),
        (Some("app:1"), "app:2")
    );
}

#[test]
fn a_variable_that_would_not_lead_to_the_tag_is_refused() {
    let text = |image: &str| format!("services:\n  web:\n    image: {image}\n");
    for (image, value) in [
        ("nginx:${T:+1}", None),
        ("nginx:${T:+1}", Some("")),
        ("nginx${T:+:$T}", Some("")),
        ("nginx:${T:-1}", Some("")),
    ] {
        let text = text(image);
        let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
        let rules = ["nginx=2".parse().unwrap()];
        let lookup = |_: &str| value.map(str::to_owned);
        let (edited, variables) = match set_images_with(&document, &rules, &FOLLOW, &lookup) {
            Ok(made) => made,
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("would not lead to it"), "{image}: {error}");
                continue;
            }
        };
        // What isn't refused resolves to what was asked for.
        let after = Document::parse(Path::new("c.yml"), &edited.bytes).unwrap();
        let set = |name: &str| {
            let change = variables.iter().find(|change| change.name == name);
            change.map(|change| change.to.clone()).or(lookup(name))
        };
        let found = images(&after, &set);
        assert_eq!(found[0].resolved, "nginx:2", "{image}");
    }
}
