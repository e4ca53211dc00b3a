//! Every file of the corpus, in every variant: all of its images retagged, its volumes
//! prefixed, its host ports moved and its containers renamed, without a panic, with no byte
//! changed but the intended, and what is refused listed with its reason.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use transship::compose::{
    Document, Edited, Error, ImageOptions, ImageRule, PrefixRule, images, offset_ports,
    prefix_volumes, set_images, suffix_container_names,
};

use super::files::{Variant, compose_files, corpus};
use super::model::difference;
use super::need;
use super::oracle;

const TAG: &str = "9.9.9-t";
const PREFIX: &str = "v9_";
const OFFSET: i32 = 1000;
const SUFFIX: &str = "-t9";

/// One file after all edits.
struct Outcome {
    bytes: Vec<u8>,
    changes: Vec<transship::compose::Change>,
    repositories: BTreeSet<String>,
    /// True if the host ports were moved.
    ports: bool,
    /// Edits that were refused, with the reason.
    refused: Vec<String>,
}

fn edit(path: &Path, bytes: &[u8]) -> Result<Outcome, Error> {
    let document = Document::parse(path, bytes)?;
    let mut outcome = Outcome {
        bytes: bytes.to_vec(),
        changes: Vec::new(),
        repositories: BTreeSet::new(),
        ports: false,
        refused: Vec::new(),
    };
    let repositories: BTreeSet<String> = images(&document, &|_| None)
        .iter()
        .filter(|image| image.reference.is_some())
        .map(|image| image.repository().to_owned())
        .collect();
    for repository in repositories {
        let rule: ImageRule = format!("{repository}={TAG}").parse()?;
        let edited = set_images_of(path, &outcome.bytes, &rule);
        if outcome.take(edited) {
            outcome.repositories.insert(repository);
        }
    }
    let rule = PrefixRule {
        prefix: PREFIX.to_owned(),
        ..PrefixRule::default()
    };
    let document = Document::parse(path, &outcome.bytes)?;
    outcome.take(prefix_volumes(&document, &rule));
    let document = Document::parse(path, &outcome.bytes)?;
    outcome.ports = outcome.take(offset_ports(&document, OFFSET, &[], &|_| None));
    let document = Document::parse(path, &outcome.bytes)?;
    outcome.take(suffix_container_names(&document, SUFFIX, &[]));
    Ok(outcome)
}

/// Tags held in variables are followed where they are defaults; where a variable has no
/// default, refusing is right and not counted.
fn set_images_of(path: &Path, bytes: &[u8], rule: &ImageRule) -> Result<Edited, Error> {
    let options = ImageOptions {
        tag_var: true,
        ..ImageOptions::default()
    };
    let document = Document::parse(path, bytes)?;
    set_images(&document, std::slice::from_ref(rule), &options)
}

impl Outcome {
    fn take(&mut self, edited: Result<Edited, Error>) -> bool {
        match edited {
            Ok(edited) => {
                self.bytes = edited.bytes;
                self.changes.extend(edited.changes);
                true
            }
            Err(Error::HeldInVariable { .. }) => false,
            Err(error) => {
                self.refused.push(error.to_string());
                false
            }
        }
    }
}

fn job(name: &str, before: &[u8], outcome: &Outcome) -> String {
    let encode = |bytes: &[u8]| BASE64.encode(bytes);
    json!({
        "name": name,
        "old": encode(before),
        "new": encode(&outcome.bytes),
        "tag": TAG,
        "prefix": PREFIX,
        "suffix": SUFFIX,
        "offset": if outcome.ports { OFFSET } else { 0 },
        "repositories": outcome.repositories,
        "changes": outcome.changes,
    })
    .to_string()
}

#[test]
fn every_edit_of_every_file_is_clean_or_refused() {
    let Some(corpus) = corpus() else { return };
    let files = compose_files(&corpus);
    let mut jobs = Vec::new();
    let mut refused = Vec::new();
    let mut rejected = BTreeSet::new();
    let originals: Vec<_> = files
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    for variant in Variant::ALL {
        let Some(written) = variant.of(&originals) else {
            return;
        };
        for (path, before) in files.iter().zip(written) {
            let name = path.strip_prefix(&corpus).unwrap();
            match edit(name, &before) {
                Ok(outcome) => {
                    let title = format!("{variant:?} {}", name.display());
                    jobs.push(job(&title, &before, &outcome));
                    let reasons = outcome.refused.iter();
                    refused.extend(reasons.map(|reason| format!("{variant:?} {reason}")));
                }
                Err(error) => {
                    rejected.insert(error.to_string());
                }
            }
        }
    }
    println!("{} files, {} edited variants", files.len(), jobs.len());
    println!("not read at all:\n{}", lines(&rejected));
    println!("refused:\n{}", lines(&refused));
    let Some(faults) = oracle::faults(&jobs) else {
        return;
    };
    for (name, fault) in &faults {
        println!("{name}: {fault}");
    }
    let unread = faults
        .iter()
        .filter(|(_, fault)| fault.contains("the original"));
    assert_eq!(faults.len(), unread.count(), "edits that are not clean");
    // The measure of the project: refused on under 0.5 % of the files.
    assert!(refused.len() * 200 < jobs.len(), "too many refusals");
}

fn lines<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        text = format!("{text}  {item}\n");
    }
    text
}

#[test]
fn compose_sees_just_the_intended_fields_change() {
    let Some(corpus) = corpus() else { return };
    if !need::compose() {
        return;
    }
    let files = compose_files(&corpus);
    let (first, second) = files.split_at(files.len() / 2);
    let judged: Vec<Judged> = std::thread::scope(|scope| {
        let first = scope.spawn(|| first.iter().map(|file| judge(file)).collect());
        let second: Vec<_> = second.iter().map(|file| judge(file)).collect();
        let first: Vec<_> = first.join().unwrap();
        first.into_iter().chain(second).collect()
    });
    let count = |kind: &Judged| judged.iter().filter(|judged| *judged == kind).count();
    println!(
        "{} files: {} compared field by field, {} accepted again, {} never accepted",
        files.len(),
        count(&Judged::Same),
        count(&Judged::AcceptedAgain),
        count(&Judged::NeverAccepted),
    );
    let worse = judged.iter().filter_map(|judged| match judged {
        Judged::Worse(how) => Some(how),
        _ => None,
    });
    let worse = lines(worse);
    assert!(worse.is_empty(), "{worse}");
}

#[derive(Debug, PartialEq)]
enum Judged {
    NeverAccepted,
    /// Not to be resolved without its variables, or made of several files.
    AcceptedAgain,
    Same,
    Worse(String),
}

fn judge(path: &Path) -> Judged {
    let before = std::fs::read(path).unwrap();
    let folder = path.parent().unwrap();
    let edited = edit(path, &before);
    let text = String::from_utf8_lossy(&before);
    let is_alone = !text.contains("extends:") && !text.contains("include:");
    let resolved = oracle::compose_resolves(folder, &before).filter(|_| is_alone);
    let worse = |what: &dyn std::fmt::Display| Judged::Worse(format!("{}: {what}", path.display()));
    let Some(resolved) = resolved else {
        return match edited {
            _ if !oracle::compose_accepts(folder, &before) => Judged::NeverAccepted,
            Ok(edited) if oracle::compose_accepts(folder, &edited.bytes) => Judged::AcceptedAgain,
            Ok(_) => worse(&"not accepted any more"),
            Err(error) => worse(&error),
        };
    };
    match edited {
        Err(error) => worse(&error),
        Ok(edited) => {
            let expect = intended(resolved, &edited);
            match oracle::compose_resolves(folder, &edited.bytes) {
                Some(found) => match difference(&found, &expect, "") {
                    None => Judged::Same,
                    Some(difference) => worse(&difference),
                },
                None => worse(&"not accepted any more"),
            }
        }
    }
}

/// What Compose must make of the edited file, from what it made of the original.
fn intended(mut config: Value, outcome: &Outcome) -> Value {
    let has_default_tag = |image: &str| outcome.repositories.contains(name_of(image));
    for (_, service) in entries(&mut config, "services") {
        if let Some(image) = service["image"]
            .as_str()
            .filter(|image| has_default_tag(image))
        {
            service["image"] = format!("{}:{TAG}", name_of(image)).into();
        }
        if let Some(name) = service["container_name"].as_str() {
            service["container_name"] = format!("{name}{SUFFIX}").into();
        }
        let ports = service.get_mut("ports").and_then(Value::as_array_mut);
        let ports = ports.into_iter().flatten();
        for port in ports.filter(|_| outcome.ports) {
            if let Some(published) = port["published"].as_str() {
                port["published"] = moved(published).into();
            }
        }
    }
    for (key, volume) in entries(&mut config, "volumes") {
        if volume["external"] != true {
            volume["name"] = format!("{PREFIX}{key}").into();
        }
    }
    config
}

fn entries<'a>(
    config: &'a mut Value,
    section: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    let section = config.get_mut(section).and_then(Value::as_object_mut);
    section.into_iter().flatten()
}

fn moved(published: &str) -> String {
    let ends = published.split('-').map(|port| {
        let port: i32 = port.parse().unwrap();
        (port + OFFSET).to_string()
    });
    ends.collect::<Vec<_>>().join("-")
}

/// The name of an image without tag and digest.
fn name_of(image: &str) -> &str {
    let name = image.split('@').next().unwrap();
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let colon = name[last..].find(':');
    colon.map_or(name, |colon| &name[..last + colon])
}
