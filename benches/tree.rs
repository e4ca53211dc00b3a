//! Times the tree functions on trees of one's own, without the command line around them.
//! `scripts/bench` makes the workloads, and times the whole program beside others.
//!
//! `cargo bench --bench tree -- copy SOURCE TARGET [--digest] [--no-sync] [--verify]`,
//! `... manifest TREE`, `... verify TREE OTHER [--metadata-only]`, `... remove TREE`.
//! Without arguments it copies a small tree once, to show that it works.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers, which may fail loudly"
)]

use std::path::Path;

use transship::clock::Stopwatch;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{
    Against, CopyOptions, VerifyOptions, VerifyScope, copy, manifest, remove, survey, verify,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--bench")
        .collect();
    let has = |flag: &str| words.contains(&flag);
    let watch = Stopwatch::start();
    match words[..] {
        ["copy", source, target, ..] => {
            let options = CopyOptions {
                digest: has("--digest") || has("--verify"),
                sync: !has("--no-sync"),
                reflink: !has("--no-reflink"),
                ..CopyOptions::default()
            };
            let (source, target) = (Path::new(source), Path::new(target));
            let copied = copy(&Disk::new(), source, target, &options, &Silent).unwrap();
            assert_eq!(copied.problems, []);
            if let Some(manifest) = copied.manifest.filter(|_| has("--verify")) {
                let against = Against::Manifest(&manifest);
                let found = verify(target, against, &VerifyOptions::default(), &Silent);
                assert_eq!(found.unwrap(), []);
            }
        }
        ["manifest", tree] => {
            assert!(!manifest(Path::new(tree), &Silent).unwrap().is_empty());
        }
        ["verify", tree, other, ..] => {
            let options = VerifyOptions {
                scope: if has("--metadata-only") {
                    VerifyScope::MetadataOnly
                } else {
                    VerifyScope::Everything
                },
                ..VerifyOptions::default()
            };
            let against = Against::Tree(Path::new(other));
            let found = verify(Path::new(tree), against, &options, &Silent).unwrap();
            assert_eq!(found, []);
        }
        ["survey", tree] => println!("{:?}", survey(Path::new(tree)).unwrap()),
        ["remove", tree] => remove(&Disk::new(), Path::new(tree)).unwrap(),
        _ => {
            let folder = tempfile::tempdir().unwrap();
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let target = folder.path().join("copy");
            let options = CopyOptions::default();
            copy(&Disk::new(), &source, &target, &options, &Silent).unwrap();
        }
    }
    println!("{:.3}", watch.elapsed().as_secs_f64());
}
