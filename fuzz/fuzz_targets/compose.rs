//! Any bytes as a compose file: parsed, retagged, prefixed and loaded without a panic, and
//! what was edited once isn't changed by the same edit again.

#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use transship::compose::{
    Document, Edited, Error, ImageOptions, ImageRule, LoadOptions, Model, PrefixRule,
    prefix_volumes, set_images,
};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("/c.yml");
    let Ok(document) = Document::parse(path, bytes) else {
        return;
    };
    for edit in [retag, prefix] {
        if let Ok(edited) = edit(&document) {
            let again = Document::parse(path, &edited.bytes).expect("an edited file parses");
            let twice = edit(&again).expect("an edited file can be edited");
            assert_eq!(twice.bytes, edited.bytes, "an edit is idempotent");
        }
    }
    let options = LoadOptions {
        environment: BTreeMap::new(),
        ..LoadOptions::default()
    };
    let read = |asked: &Path| match asked == path {
        true => Ok(bytes.to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    let _ = Model::load_with(&[PathBuf::from(path)], &options, &read);
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
    let rule = PrefixRule {
        prefix: "p_".to_owned(),
        ..PrefixRule::default()
    };
    prefix_volumes(document, &rule)
}
