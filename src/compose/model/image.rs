//! An image as a service names it: the text with its variables, and the reference that
//! it comes to.

use super::reference::{Parts, Reference};
use crate::compose::file::document::Document;
use crate::compose::file::interpolate::{Lookup, variables};
use crate::compose::file::location::Location;
use crate::compose::file::template::Template;
use crate::compose::file::value_location::sites;

/// The image of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse {
    /// The service.
    pub service: String,
    /// The value in the file, before interpolation.
    pub written: String,
    /// The value after interpolation; as written where that fails.
    pub resolved: String,
    /// The parts of the resolved value, if it is a reference.
    pub reference: Option<Reference>,
    /// The variables that the value mentions, in order.
    pub variables: Vec<String>,
    /// The place of the value of `image`.
    pub at: Location,
}

impl ImageUse {
    pub(crate) fn new(service: &str, written: &str, at: Location, lookup: &Lookup<'_>) -> Self {
        let template = Template::new(written, lookup);
        let resolved = template
            .as_ref()
            .map_or_else(|_| written.to_owned(), |template| template.resolved.clone());
        Self {
            service: service.to_owned(),
            reference: resolved.parse().ok(),
            written: written.to_owned(),
            resolved,
            variables: variables(written),
            at,
        }
    }

    /// The name without tag and digest, as it resolves.
    pub fn repository(&self) -> &str {
        &self.resolved[Parts::of(&self.resolved).name]
    }

    /// The tag, if it is written out and no variable has a part in it.
    pub fn literal_tag(&self) -> Option<&str> {
        let tag = Parts::of(&self.written).tag?;
        let tag = &self.written[tag];
        (!tag.is_empty() && !tag.contains(['$', '}'])).then_some(tag)
    }
}

/// Every image of the file's services, in their order.
pub fn images(document: &Document, lookup: &Lookup<'_>) -> Vec<ImageUse> {
    sites(document, "image")
        .into_iter()
        .map(|site| {
            let at = document.location_of(site.scalar);
            ImageUse::new(site.service, site.written, at, lookup)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn found(text: &str) -> Vec<ImageUse> {
        let document = Document::parse(Path::new("c.yml"), text.as_bytes()).unwrap();
        let lookup = |name: &str| (name == "T").then(|| "9".to_owned());
        images(&document, &lookup)
    }

    #[test]
    fn images_are_found_through_anchors_merges_and_documents() {
        let text = "\
x-base: &base {image: &i 'app:1'}
services:
  web: {<<: *base}
  worker: {image: *i}
  none: {build: .}
---
services:
  db: {image: postgres}
";
        let found: Vec<_> = found(text)
            .into_iter()
            .map(|image| (image.service, image.resolved, image.at.to_string()))
            .collect();
        let expect = [
            ("web", "app:1", "c.yml:1:26"),
            ("worker", "app:1", "c.yml:1:26"),
            ("db", "postgres", "c.yml:8:15"),
        ];
        assert_eq!(
            found,
            expect.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
        );
    }

    #[test]
    fn variables_are_resolved_and_named() {
        let image = &found("services: {a: {image: '${R:-reg:5000}/app:${T}'}}")[0];
        assert_eq!(image.resolved, "reg:5000/app:9");
        assert_eq!(image.repository(), "reg:5000/app");
        assert_eq!(image.variables, ["R", "T"]);
        assert_eq!(image.literal_tag(), None);
        let reference = image.reference.as_ref().unwrap();
        assert_eq!(reference.registry.as_deref(), Some("reg:5000"));
    }

    #[test]
    fn a_tag_is_literal_if_no_variable_has_a_part_in_it() {
        let tag = |image: &str| {
            let text = format!("services: {{a: {{image: '{image}'}}}}");
            found(&text)[0].literal_tag().map(str::to_owned)
        };
        assert_eq!(tag("app:1.2").as_deref(), Some("1.2"));
        assert_eq!(tag("${R:-x}/app:1.2").as_deref(), Some("1.2"));
        for other in ["app", "app:1-${T}", "${A:-app:1}", "reg:5000/app"] {
            assert_eq!(tag(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_interpolated_stays_as_written() {
        let image = &found("services: {a: {image: 'app:${T'}}")[0];
        assert_eq!(image.resolved, "app:${T");
        assert_eq!(image.reference, None);
    }
}
