use super::*;
use crate::error::{Explain as _, Kind};

fn read(shipped: &str, own: Option<&str>) -> Result<Recipe, RecipeError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transship.yml");
    if let Some(own) = own {
        crate::fs::Disk::new()
            .create(&path, own.as_bytes(), 0o600)
            .unwrap();
    }
    let shipped: Value = serde_yaml::from_str(shipped).unwrap();
    Recipe::read(Some(&shipped), &[], &path)
}

fn carried(recipe: &Recipe) -> Vec<&str> {
    recipe
        .carry
        .iter()
        .flatten()
        .map(|carry| carry.path.to_str().unwrap())
        .collect()
}

#[test]
fn every_key_is_optional() {
    assert_eq!(read("null", None).unwrap(), Recipe::default());
    assert_eq!(read("{}", Some("")).unwrap(), Recipe::default());
}

#[test]
fn the_installs_own_keys_win_one_by_one() {
    let shipped =
        "{carry: [.env, {path: .caddy/, how: copy}], volumes: {prefix: 'x_', skip: [cache]}}";
    let recipe = read(shipped, Some("carry: [./etc/ssl/]\n")).unwrap();
    assert_eq!(carried(&recipe), ["etc/ssl"]);
    assert_eq!(
        (recipe.prefix.as_deref(), recipe.skip.as_slice()),
        (Some("x_"), &["cache".to_owned()][..])
    );
}

#[test]
fn what_can_not_be_done_is_refused_by_name_and_can_be_waived() {
    for (shipped, key) in [
        (
            "{hooks: {before-hop: {run: make, up: [db]}}}",
            "hooks.before-hop.up",
        ),
        ("{data: {db: {recipe: postgres}}}", "data"),
        (
            "{databases: [{service: db, method: copy}]}",
            "databases.method: copy",
        ),
        ("{carry: [{path: a, how: union}]}", "carry.how: union"),
        ("{compose_command: ./acme}", "compose_command"),
    ] {
        let error = read(shipped, None).unwrap_err();
        assert!(error.to_string().contains(&format!("`{key}`")), "{error}");
        assert_eq!(error.kind(), Kind::Refused);
    }
    read("{compose_command: ./acme}", Some("compose_command: null\n")).unwrap();
}

#[test]
fn a_rehearsal_can_be_required() {
    assert!(read("{rehearsal: required}", None).unwrap().needs_rehearsal);
    assert!(
        !read("{rehearsal: required}", Some("rehearsal: optional\n"))
            .unwrap()
            .needs_rehearsal
    );
    assert_eq!(
        read("{rehearsal: often}", None).unwrap_err().kind(),
        Kind::Usage
    );
}

#[test]
fn conflicts_are_answered_and_secrets_named() {
    let shipped = "{merge: {ours: ['.env:DOMAIN'], theirs: [etc/]}, secrets: [LICENSE]}";
    let recipe = read(shipped, None).unwrap();
    assert_eq!(recipe.ours, [Path::new(".env:DOMAIN")]);
    assert_eq!(recipe.theirs, [Path::new("etc/")]);
    assert_eq!(recipe.secrets, ["LICENSE"]);
    let compose = b"services: {}\nx-transship: {secrets: [A], hooks: {}}\n".as_slice();
    let found = Recipe::secrets_in(&[compose, b"a: ["], Some(b"secrets: [B]"));
    assert_eq!(found, ["A", "B"]);
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let error = read("{volume: {prefix: x}}", None).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("volume"), "{source}");
}

#[test]
fn a_path_that_leaves_the_release_is_refused() {
    for path in ["..", "../x", "/etc/ssl", "a/../../b", ".", ""] {
        assert!(
            matches!(
                CarryRule::new(Path::new(path)),
                Err(RecipeError::Outside { .. })
            ),
            "{path:?}"
        );
    }
}

#[test]
fn the_prefix_has_the_version_in_it() {
    let version = "v2.10.5".parse().unwrap();
    assert_eq!(Recipe::default().prefix_for(&version), "v2_10_5_");
    let recipe = Recipe {
        prefix: Some("acme_{version}_".into()),
        ..Recipe::default()
    };
    assert_eq!(recipe.prefix_for(&version), "acme_v2_10_5_");
}
