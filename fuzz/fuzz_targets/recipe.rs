//! Any bytes as `transship.yml`: read without a panic, and no path in it leads out of its release.

#![no_main]

use libfuzzer_sys::fuzz_target;
use transship::release::Recipe;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let own = folder.path().join("transship.yml");
    std::fs::write(&own, bytes).expect("a file");
    let Ok(recipe) = Recipe::read(None, &[], &own) else {
        return;
    };
    for rule in recipe.carry.iter().flatten() {
        let mut parts = rule.path.components();
        assert!(parts.all(|part| matches!(part, std::path::Component::Normal(_))));
    }
    let _ = recipe.prefix_for(&"v1".parse().expect("a version"));
});
