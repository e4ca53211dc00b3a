//! The table of rules.

use super::doctor_rule::DoctorRule;
use super::{
    clock, compose_version, database_extension, database_files, database_folder, database_outside,
    database_unclean, database_version, engine_version, fixed_name, image_missing, inodes,
    latest_tag, name_taken, port_taken, project_name, project_taken, restart_policy, same_release,
    secret_in_file, secret_readable, space, unhealthy, unread_variable, usage_unknown,
    volume_in_use,
};
use crate::compose::Model;
use crate::doctor::{DatabaseFacts, Finding, NeighbourFacts};

/// Every rule.
pub static RULES: [DoctorRule; 26] = [
    clock::RULE,
    compose_version::RULE,
    database_extension::RULE,
    database_files::RULE,
    database_folder::RULE,
    database_outside::RULE,
    database_unclean::RULE,
    database_version::RULE,
    engine_version::RULE,
    fixed_name::RULE,
    image_missing::RULE,
    inodes::RULE,
    latest_tag::RULE,
    name_taken::RULE,
    port_taken::RULE,
    project_name::RULE,
    project_taken::RULE,
    restart_policy::RULE,
    same_release::RULE,
    secret_in_file::RULE,
    secret_readable::RULE,
    space::RULE,
    unhealthy::RULE,
    unread_variable::RULE,
    usage_unknown::RULE,
    volume_in_use::RULE,
];

/// What the rules on databases have against the files of one release's databases in another, `model`:
/// those that a plan asks, too.
pub fn of_databases(model: &Model, databases: &DatabaseFacts) -> Vec<Finding> {
    let mut found = database_version::check(model, databases);
    found.extend(database_folder::of_data(model, databases));
    found
}

/// What the rules on what else is on the engine have against a release that is to be started there: those
/// that the plan of an upgrade that starts it asks, too. It would be refused as its containers are made.
pub fn of_neighbours(neighbours: &NeighbourFacts) -> Vec<Finding> {
    let mut found = project_taken::of(neighbours);
    found.extend(name_taken::of(neighbours));
    found.extend(port_taken::of(neighbours));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_order_and_have_ids_of_words() {
        let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        let is_word = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(ids.iter().all(|id| id.chars().all(is_word)));
    }
}
