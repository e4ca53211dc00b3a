//! The rules that an upgrade changes images by, and whether each leads to what it asks for.

use std::collections::BTreeSet;
use std::path::Path;

use super::obstacle::{KeptImage, Obstacle};
use super::release_files::{ReleaseFiles, ReleasePair};
use crate::compose::{self, ImageRule, ImageUse, Model};
use crate::release::{Recipe, Version};
use crate::upgrade::request::Request;

/// Rules as `image set` takes them.
pub(super) struct ImageRules {
    /// All of them; of those that fit an image the last counts.
    pub(super) all: Vec<String>,
    /// Those of the recipe.
    recipes: Vec<String>,
    /// Those that were asked for.
    asked: Vec<String>,
}

impl ImageRules {
    /// What was asked for and what the recipe says; besides, images whose tag in the new
    /// release is still the old release's version.
    pub(super) fn of(request: &Request, recipe: &Recipe, releases: ReleasePair<'_>) -> Self {
        let ReleasePair { old, new } = releases;
        let recipes = recipe.images.iter();
        let recipes: Vec<String> = recipes.map(|r| recipe_rule(r, &new.version)).collect();
        let mut all = recipes.clone();
        all.extend(stale(old, new));
        all.extend(request.images.iter().cloned());
        let mut seen = BTreeSet::new();
        all.retain(|rule| seen.insert(rule.clone()));
        Self {
            all,
            recipes,
            asked: request.images.clone(),
        }
    }

    /// The rules that lead to nothing, or not to what they ask for: a variable has a part in what they would
    /// change, or in what tells which image it is. A recipe may be of several releases, and of what it names in
    /// vain it is warned.
    ///
    /// # Errors
    /// [`compose::Error`] for a rule that is none.
    pub(super) fn idle(
        &self,
        before: &Model,
        after: &Model,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Obstacle>, compose::Error> {
        let rules = self.recipes.iter().chain(&self.asked);
        let rules = rules.map(|text| Ok((text, text.parse::<ImageRule>()?)));
        let rules: Vec<_> = rules.collect::<Result<_, compose::Error>>()?;
        let fits =
            |rule: &ImageRule, image: &ImageUse| rule.matches(&image.service, image.repository());
        let mut found = Vec::new();
        for (number, (text, rule)) in rules.iter().enumerate() {
            let fitting = before.images.iter().filter(|image| fits(rule, image));
            let fitting: Vec<_> = fitting.collect();
            if fitting.is_empty() && self.asked.contains(text) {
                found.push(Obstacle::ImageRuleIdle {
                    rule: (*text).clone(),
                    kept: None,
                    present: repositories(before),
                });
            } else if fitting.is_empty() {
                warnings.push(format!(
                    "`{text}` in the recipe names no image of the new release"
                ));
            }
            let is_last =
                |image: &ImageUse| !rules[number + 1..].iter().any(|(_, r)| fits(r, image));
            let kept = fitting.into_iter().filter(|image| is_last(image));
            let kept = kept.filter_map(|image| kept_by(rule, image, after));
            found.extend(kept.map(|kept| Obstacle::ImageRuleIdle {
                rule: (*text).clone(),
                kept: Some(kept),
                present: Vec::new(),
            }));
        }
        Ok(found)
    }
}

/// Answers that are of no conflict of two files: that a variable keeps an image, or has another name now, and that
/// an override of one's own keeps one.
pub(super) struct ImageAnswers(BTreeSet<String>);

impl ImageAnswers {
    pub(super) fn of(ReleasePair { old, new }: ReleasePair<'_>) -> Self {
        let written = [old, new].into_iter();
        let written = written.flat_map(|release| release.model.templates.values());
        Self(written.flat_map(|text| compose::variables(text)).collect())
    }

    pub(super) fn has(&self, answer: &Path) -> bool {
        let place = answer.to_str().and_then(|text| text.rsplit_once(':'));
        place.is_some_and(|(_, key)| {
            let last = key.rsplit_once('.').map(|(_, last)| last);
            self.0.contains(key) || key.starts_with("services.") && last == Some("image")
        })
    }
}

/// What an image stays, if it isn't what a rule makes of it.
fn kept_by(rule: &ImageRule, image: &ImageUse, after: &Model) -> Option<KeptImage> {
    let mut images = after.images.iter();
    let image = images.find(|after| after.service == image.service)?;
    let wanted = rule.becomes();
    let is_so = image.reference.as_ref().is_some_and(|is| {
        let name = is.name();
        wanted.name.as_ref().is_none_or(|wanted| *wanted == name)
            && (wanted.tag.is_none() || wanted.tag == is.tag)
            && (wanted.digest.is_none() || wanted.digest == is.digest)
    });
    (!is_so).then(|| KeptImage {
        service: image.service.clone(),
        image: image.resolved.clone(),
        variables: image.variables.clone(),
    })
}

fn repositories(model: &Model) -> Vec<String> {
    let names = model.images.iter().map(ImageUse::repository);
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Rules for the images whose tag in the new release is still the old release's version.
fn stale(old: &ReleaseFiles, new: &ReleaseFiles) -> Vec<String> {
    let mut rules = Vec::new();
    for image in &new.model.images {
        let Some(tag) = image.literal_tag() else {
            continue;
        };
        let stale = [
            (old.version.as_str(), new.version.as_str()),
            (old.version.number(), new.version.number()),
        ];
        // A bare `15` is too many things' version: `postgres:15` of a release v15.
        let means_release = |from: &str| from == tag && from.contains(['.', 'v', 'V']);
        let wanted = stale
            .iter()
            .find(|(from, _)| means_release(from))
            .map(|(_, to)| *to);
        rules.extend(wanted.map(|to| format!("{}={to}", image.repository())));
    }
    rules
}

/// `REPO` means the version's name as tag.
fn recipe_rule(rule: &str, version: &Version) -> String {
    let rule = rule.replace("{version}", version.as_str());
    if rule.contains('=') {
        rule
    } else {
        format!("{rule}={version}")
    }
}
