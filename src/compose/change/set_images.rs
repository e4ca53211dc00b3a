//! `image set`: changes image references by rules and nothing else.
//!
//! A reference is interpolated into parts that know where they live; the rule's change is
//! mapped back onto the one part that it falls into: the text of the file, a default
//! within it, or a variable's value, which is the caller's to change.

use std::ops::Range;

use super::image_rule::{Becomes, ImageRule};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::Lookup;
use crate::compose::file::location::Location;
use crate::compose::file::template::{Home, MINGLED, Template};
use crate::compose::file::value_location::{ValueLocation, ValueSites, sites};
use crate::compose::file::variable::{VariableChange, VariableEdit, Variables};
use crate::compose::model::reference::Parts;

/// How far `image set` may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImageOptions {
    /// Refuse to change a tag that a digest stands beside, unless the rule names a digest.
    pub keep_digest: bool,
    /// Follow a part of a reference into the variable that holds it.
    pub tag_var: bool,
}

/// Changes the images of one file by `rules`, of which the last that matches an image
/// counts, as if no variable had a value.
///
/// # Errors
/// [`Error::NoMatch`] if a rule names no image of the file; [`Error::HeldInVariable`],
/// [`Error::Pinned`] and [`Error::Unsafe`] where the change can't be made as asked.
pub fn set_images(
    document: &Document,
    rules: &[ImageRule],
    options: &ImageOptions,
) -> Result<Edited, Error> {
    let (edited, variables) = set_images_with(document, rules, options, &|_| None)?;
    match variables.into_iter().next() {
        None => Ok(edited),
        Some(variable) => Err(Error::HeldInVariable {
            at: image_at(
                document,
                variable.services.first().map_or("", String::as_str),
            ),
            service: variable.services.first().cloned().unwrap_or_default(),
            part: "the tag of its image".to_owned(),
            variable: variable.name,
        }),
    }
}

fn image_at(document: &Document, service: &str) -> Location {
    let found = sites(document, "image")
        .into_iter()
        .find(|image| image.service == service);
    document.location(found.map_or(0, |image| document.tree().node(image.scalar).span.start))
}

/// [`set_images`], with the values that variables have. Where a part lives in a variable's
/// value and `tag_var` allows it, the change of the variable is given back rather than
/// made.
///
/// # Errors
/// Those of [`set_images`].
pub fn set_images_with(
    document: &Document,
    rules: &[ImageRule],
    options: &ImageOptions,
    lookup: &Lookup<'_>,
) -> Result<(Edited, Vec<VariableChange>), Error> {
    let images = ValueSites::new(sites(document, "image"));
    let mut setter = ImageSetter {
        document,
        images: &images,
        options: *options,
        lookup,
        draft: Draft::new(document),
        variables: Variables::default(),
        promises: Vec::new(),
    };
    let mut matched = vec![false; rules.len()];
    let mut asked = Vec::new();
    for image in &images.all {
        let template = Template::new(image.written, lookup);
        let resolved = template.as_ref().map_or(image.written, |t| &t.resolved);
        let repository = &resolved[Parts::of(resolved).name];
        let mut chosen = None;
        for (rule, matched) in rules.iter().zip(&mut matched) {
            if rule.matches(image.service, repository) {
                *matched = true;
                chosen = Some(rule);
            }
        }
        if let Some(rule) = chosen {
            asked.push(image.service);
            let template = template.map_err(|error| image.refusal(document, &error.to_string()))?;
            setter.set(image, &template, rule.becomes())?;
        }
    }
    if let Some((rule, _)) = rules.iter().zip(matched).find(|(_, matched)| !matched) {
        return Err(no_match(document, rule, &images.all, lookup));
    }
    setter.prove()?;
    setter.variables.mentioned_in(&images.all);
    let variables = setter.variables.into_changes();
    for change in &variables {
        let others = change.services.iter().map(String::as_str);
        for other in others.filter(|service| !asked.contains(service)) {
            let message = format!(
                "the image of `{other}` changes, too, with the variable `{}`",
                change.name
            );
            setter.draft.warn(image_at(document, other), message);
        }
    }
    Ok((setter.draft.finish()?, variables))
}

/// [`set_images_with`] on each of several files with the values that its variables have,
/// where a rule needs to match in one file only.
///
/// # Errors
/// Those of [`set_images_with`]; [`Error::NoMatch`] for a rule that matches in no file.
pub fn set_images_in(
    documents: &[(&Document, &Lookup<'_>)],
    rules: &[ImageRule],
    options: &ImageOptions,
) -> Result<Vec<(Edited, Vec<VariableChange>)>, Error> {
    let mut missed: Vec<Option<Error>> = rules.iter().map(|_| None).collect();
    let mut matched = vec![false; rules.len()];
    let mut edits = Vec::new();
    for (document, lookup) in documents {
        let mut fitting = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            match set_images_with(document, std::slice::from_ref(rule), options, lookup) {
                Err(error) if error.is_no_match() => missed[number] = Some(error),
                // Any other error comes again, below, with all rules at once.
                _ => {
                    matched[number] = true;
                    fitting.push(rule.clone());
                }
            }
        }
        edits.push(set_images_with(document, &fitting, options, lookup)?);
    }
    let unmatched = missed
        .into_iter()
        .zip(matched)
        .find(|(_, matched)| !matched);
    unmatched
        .and_then(|(error, _)| error)
        .map_or(Ok(edits), Err)
}

fn no_match(
    document: &Document,
    rule: &ImageRule,
    images: &[ValueLocation<'_>],
    lookup: &Lookup<'_>,
) -> Error {
    let name = |image: &ValueLocation<'_>| {
        if rule.service().is_some() {
            return Some(image.service.to_owned());
        }
        let template = Template::new(image.written, lookup).ok()?;
        let name = template.resolved[Parts::of(&template.resolved).name].to_owned();
        Some(name).filter(|name| !name.is_empty())
    };
    let mut present: Vec<String> = images.iter().filter_map(name).collect();
    present.sort();
    present.dedup();
    Error::NoMatch {
        path: document.path().to_owned(),
        meant: match rule.service() {
            Some(service) => image_from_elsewhere(document, rule, service),
            None => rule.wider(&present),
        },
        rule: rule.to_string(),
        present,
    }
}

/// Where a service without an image of its own has it from.
fn image_from_elsewhere(document: &Document, rule: &ImageRule, service: &str) -> Option<String> {
    let services = document.section("services");
    let mut services = services.iter();
    let entry = services.find(|entry| document.key(entry.key) == service)?;
    let line = document.location_of(entry.key).line;
    let scalar = |node, key: &str| {
        let value = document.get(node, key)?.value;
        Some((value, document.tree().scalar(value).map(|(text, _)| text)))
    };
    if let Some((extends, name)) = scalar(entry.value, "extends") {
        let other = name.or_else(|| scalar(extends, "service")?.1)?;
        let file = scalar(extends, "file").and_then(|(_, file)| file);
        let of_file = file.map_or_else(String::new, |file| format!(" of `{file}`"));
        let reference = rule.to_string();
        let reference = reference.split_once('=').map_or("", |(_, text)| text);
        return Some(format!(
            "`{service}` has its image from `{other}`{of_file}, which it extends: \
             `service:{other}={reference}` changes both; for another image than that, give `{service}` \
             an `image:` by hand at line {line}"
        ));
    }
    let is_built = scalar(entry.value, "build").is_some();
    is_built.then(|| format!("`{service}` is built, and names no image: line {line}"))
}

struct ImageSetter<'a> {
    document: &'a Document,
    images: &'a ValueSites<'a>,
    options: ImageOptions,
    lookup: &'a Lookup<'a>,
    draft: Draft<'a>,
    variables: Variables<'a>,
    promises: Vec<Promise<'a>>,
}

/// What an image is to resolve to once all changes are made.
struct Promise<'a> {
    image: &'a ValueLocation<'a>,
    /// The value of `image` as the file will have it.
    written: String,
    resolved: String,
}

/// One change of the resolved reference.
struct PartEdit {
    part: &'static str,
    /// The bytes of the resolved text to replace.
    range: Range<usize>,
    /// True if the part wasn't there, so that the bytes before the range decide where it
    /// goes.
    added: bool,
    text: String,
}

impl<'a> ImageSetter<'a> {
    fn set(
        &mut self,
        image: &'a ValueLocation<'a>,
        template: &Template,
        becomes: &Becomes,
    ) -> Result<(), Error> {
        if image.written.ends_with('\n') {
            return Err(image.refusal(self.document, "it ends with a line break"));
        }
        let edits = self.part_edits(image, &template.resolved, becomes)?;
        let mut written = Vec::new();
        let mut resolved = template.resolved.clone();
        for edit in edits.iter().rev() {
            resolved.replace_range(edit.range.clone(), &edit.text);
        }
        for edit in edits {
            let home = self.home(image, template, &edit)?;
            match home.variable {
                Some(name) if home.is_in_value => {
                    self.variables
                        .change(
                            VariableEdit {
                                name,
                                range: home.range,
                                text: &home.text,
                            },
                            &[image.service],
                            self.lookup,
                        )
                        .map_err(|reason| image.refusal(self.document, &reason))?;
                }
                _ => written.push((edit.range, edit.text, home)),
            }
        }
        let mut value = image.written.to_owned();
        if !written.is_empty() {
            value = template
                .apply(image.written, self.lookup, written)
                .ok_or_else(|| image.refusal(self.document, MINGLED))?;
            let draft = &mut self.draft;
            draft.set(self.document, self.images, image, value.clone())?;
        }
        self.promises.push(Promise {
            image,
            written: value,
            resolved,
        });
        Ok(())
    }

    /// Refuses variables that, with their new values, would give an image anything else than
    /// was asked for: `${TAG:+1}` is `1` whatever `TAG` is.
    fn prove(&self) -> Result<(), Error> {
        let lookup = |name: &str| match self.variables.value(name) {
            Some(value) => Some(value.to_owned()),
            None => (self.lookup)(name),
        };
        for promise in &self.promises {
            let after = Template::new(&promise.written, &lookup);
            if after.map_or(true, |after| after.resolved != promise.resolved) {
                let reason = "its variables have values that would not lead to it";
                return Err(promise.image.refusal(self.document, reason));
            }
        }
        Ok(())
    }

    /// What differs between the reference and what it is to become.
    fn part_edits(
        &mut self,
        image: &ValueLocation<'_>,
        resolved: &str,
        becomes: &Becomes,
    ) -> Result<Vec<PartEdit>, Error> {
        let parts = Parts::of(resolved);
        let mut edits = Vec::new();
        if let Some(name) = &becomes.name
            && resolved[parts.name.clone()] != **name
        {
            edits.push(PartEdit {
                part: "repository",
                range: parts.name.clone(),
                added: false,
                text: name.clone(),
            });
        }
        let tag = tag_edit(&parts, resolved, becomes);
        let digest = match (&parts.digest, &becomes.digest) {
            (Some(old), Some(new)) if resolved[old.clone()] == **new => None,
            (Some(old), Some(new)) => Some(PartEdit {
                part: "digest",
                range: old.clone(),
                added: false,
                text: new.clone(),
            }),
            (None, Some(new)) => Some(PartEdit {
                part: "digest",
                range: resolved.len()..resolved.len(),
                added: true,
                text: format!("@{new}"),
            }),
            (Some(old), None) if tag.is_some() || !edits.is_empty() => {
                Some(self.dropped_digest(image, old)?)
            }
            (_, None) => None,
        };
        edits.extend(tag);
        edits.extend(digest);
        Ok(edits)
    }

    fn dropped_digest(
        &mut self,
        image: &ValueLocation<'_>,
        old: &Range<usize>,
    ) -> Result<PartEdit, Error> {
        let at = self.document.location_of(image.scalar);
        if self.options.keep_digest {
            return Err(Error::Pinned {
                at,
                service: image.service.to_owned(),
            });
        }
        let message = format!(
            "the digest of the image of `{}` was dropped: it belongs to the old tag",
            image.service
        );
        self.draft.warn(at, message);
        Ok(PartEdit {
            part: "digest",
            range: old.start - 1..old.end,
            added: false,
            text: String::new(),
        })
    }

    /// Finds the one piece that an edit falls into.
    fn home(
        &self,
        image: &ValueLocation<'_>,
        template: &Template,
        edit: &PartEdit,
    ) -> Result<Home, Error> {
        let home = template.home(edit.range.clone(), edit.added, &edit.text);
        if let Some(variable) = home.as_ref().and_then(|home| home.variable.as_ref())
            && !self.options.tag_var
        {
            return Err(self.held(image, edit.part, variable));
        }
        match home {
            Some(home) if home.is_in_value && home.variable.is_none() => {
                Err(image.refusal(self.document, "it has an escaped `$`"))
            }
            Some(Home {
                variable: Some(variable),
                is_in_value: true,
                is_whole_value: false,
                ..
            }) => Err(self.held(image, edit.part, &variable)),
            Some(home) => Ok(home),
            None => Err(image.refusal(
                self.document,
                &format!("its {} is put together from several parts", edit.part),
            )),
        }
    }

    fn held(&self, image: &ValueLocation<'_>, part: &'static str, variable: &str) -> Error {
        Error::HeldInVariable {
            at: self.document.location_of(image.scalar),
            service: image.service.to_owned(),
            part: format!("the {part} of its image"),
            variable: variable.to_owned(),
        }
    }
}

fn tag_edit(parts: &Parts, resolved: &str, becomes: &Becomes) -> Option<PartEdit> {
    match (&parts.tag, &becomes.tag) {
        (Some(old), Some(new)) => (resolved[old.clone()] != **new).then(|| PartEdit {
            part: "tag",
            range: old.clone(),
            added: false,
            text: new.clone(),
        }),
        (None, Some(new)) => Some(PartEdit {
            part: "tag",
            range: parts.name.end..parts.name.end,
            added: true,
            text: format!(":{new}"),
        }),
        // A whole reference without a tag takes the old one away.
        (Some(old), None) if becomes.name.is_some() => Some(PartEdit {
            part: "tag",
            range: old.start - 1..old.end,
            added: false,
            text: String::new(),
        }),
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests;
