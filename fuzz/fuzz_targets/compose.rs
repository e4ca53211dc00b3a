//! Any bytes as a compose file: parsed, edited in every way, loaded and compared without a
//! panic, and what was edited once isn't changed by the same edit again.

#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use transship::compose::{
    Claims, Document, Edited, Error, FixRule, ImageOptions, ImageRule, LoadOptions, Model,
    PortOffset, PrefixRule, ProjectFiles, conflicts, fix, offset_ports, port_offset,
    prefix_networks, prefix_volumes, rebase_binds_in, set_images, suffix_container_names,
};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("/c.yml");
    let Ok(document) = Document::parse(path, bytes) else {
        return;
    };
    for edit in [retag, prefix, prefix_nets, suffix, rebase] {
        if let Ok(edited) = edit(&document) {
            let again = Document::parse(path, &edited.bytes).expect("an edited file parses");
            let twice = edit(&again).expect("an edited file can be edited");
            assert_eq!(twice.bytes, edited.bytes, "an edit is idempotent");
        }
    }
    let _ = offset_ports(&document, 1000, &[], &|_| None);
    let options = LoadOptions {
        environment: BTreeMap::new(),
        ..LoadOptions::default()
    };
    let read = |asked: &Path| match asked == path {
        true => Ok(bytes.to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    if let Ok(model) = Model::load_with(&[PathBuf::from(path)], &options, &read) {
        let claims = Claims::of(&model);
        let found = conflicts(&claims, &claims);
        let rule = FixRule {
            suffix: "-p".to_owned(),
            prefix: "p_".to_owned(),
            port_offset: Some(1),
        };
        let project = ProjectFiles {
            model: &model,
            documents: std::slice::from_ref(&document),
            lookup: &|_| None,
            lookups: &[],
            env_files: &[],
            others: &[],
            foreign: &[],
            texts: &[],
            taken: &claims,
            is_kept: &|_| false,
        };
        if let Ok(fixed) = fix(&project, &found, &rule) {
            Document::parse(path, &fixed.files[0].bytes).expect("a fixed file parses");
        }
        let _ = port_offset(&claims, &claims, &found, PortOffset::Auto);
    }
});

fn retag(document: &Document) -> Result<Edited, Error> {
    let rule: ImageRule = "**=2".parse()?;
    let options = ImageOptions {
        tag_var: true,
        ..ImageOptions::default()
    };
    set_images(document, &[rule], &options)
}

fn prefix(document: &Document) -> Result<Edited, Error> {
    prefix_volumes(document, &rule())
}

fn prefix_nets(document: &Document) -> Result<Edited, Error> {
    prefix_networks(document, &rule())
}

fn rule() -> PrefixRule {
    PrefixRule {
        prefix: "p_".to_owned(),
        ..PrefixRule::default()
    }
}

fn suffix(document: &Document) -> Result<Edited, Error> {
    suffix_container_names(document, "-p", &[])
}

fn rebase(document: &Document) -> Result<Edited, Error> {
    let moves = [(PathBuf::from("/"), PathBuf::from("/p"))];
    rebase_binds_in(&[(document, &|_: &str| None)], &moves).map(|mut edits| edits.remove(0))
}
