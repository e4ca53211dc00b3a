//! Variables whose values come from outside of a compose file: changed where they are set, or, where
//! they have to stay as they are, set in the file itself.

use super::candidates::FromOutside;
use super::mixed_variables::MIXED;
use super::{MADE_OF_IT, MAY_MEAN_ELSE, Referrers, StaleName};
use crate::compose::change::name_use::ValueRole;
use crate::compose::change::rename::Rename;
use crate::compose::file::document::Document;
use crate::compose::file::edit::Draft;
use crate::compose::file::set_variables::with_parts;
use crate::compose::file::value_location::ValueSites;
use crate::compose::file::variable::{VariableEdit, Variables};

impl Referrers<'_> {
    /// A variable that a service has from outside, `- DB_HOST` alone, changes where it is set; one
    /// whose value has to stay there is set here.
    pub(super) fn variable_of_outside(
        &self,
        document: &Document,
        draft: &mut Draft<'_>,
        variables: &mut Variables<'_>,
        sites: &ValueSites<'_>,
        outside: &FromOutside<'_>,
    ) -> Vec<StaleName> {
        let FromOutside {
            service, name, at, ..
        } = outside;
        let Some(value) = (self.lookup)(name) else {
            return Vec::new();
        };
        let is_set_here = variables.is_kept(name) && may_be_written_out(&value);
        let site = outside.site.as_ref().filter(|_| is_set_here);
        let (mut parts, mut stale) = (Vec::new(), Vec::new());
        let mut list = |rename: &Rename, reason: &str| {
            let at = document.location_of(*at);
            stale.push(StaleName::of(rename, service, at, reason));
        };
        let found = self.uses(ValueRole::Pair, name, &value, &[service]);
        for found in &found {
            let edit = VariableEdit {
                name: name.clone(),
                range: found.range.clone(),
                text: &found.rename.to,
            };
            let done = match found.is_sure {
                true if found.rename.made_of.contains(name) => Err(MADE_OF_IT.to_owned()),
                true if self.is_mixed(found, name) => Err(MIXED.to_owned()),
                true if site.is_some() => {
                    parts.push((found.range.clone(), found.rename.to.clone()));
                    Ok(())
                }
                true => variables.change(edit, &[service], self.lookup),
                false => Err(MAY_MEAN_ELSE.to_owned()),
            };
            if let Err(reason) = done {
                list(found.rename, &reason);
            }
        }
        let to = with_parts(&value, &mut parts).filter(|_| !parts.is_empty());
        if let (Some(site), Some(to)) = (site, to) {
            let set = format!("{name}={}", to.replace('$', "$$"));
            if let Err(reason) = draft.replace_parts(document, sites, site, &[], set) {
                for found in &found {
                    list(found.rename, &reason);
                }
            }
        }
        stale
    }

    /// True if the value of a variable may stand in a compose file.
    pub(super) fn may_write_out(&self, variable: &str) -> bool {
        (self.lookup)(variable).is_some_and(|value| may_be_written_out(&value))
    }
}

/// True for a value that may stand in a compose file: no password is in it.
fn may_be_written_out(value: &str) -> bool {
    !value.contains(['@', ';', '=', ' ', '\t', '\n'])
}
