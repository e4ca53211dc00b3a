//! Addresses that services have by their files. A clone's networks have others, since the original has these: that
//! is no matter where nobody speaks of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::RehearsalError;
use crate::compose::{Model, addresses_in};
use crate::launch::MountedTexts;
use crate::upgrade::planning::prepare::Prepared;

/// That nothing in either release speaks of an address that its clone hasn't.
pub(super) fn require_unspoken(prepared: &Prepared) -> Result<(), RehearsalError> {
    [&prepared.releases.old.model, &prepared.decisions.model]
        .into_iter()
        .try_for_each(require_unspoken_in)
}

fn require_unspoken_in(model: &Model) -> Result<(), RehearsalError> {
    let fixed = fixed(model);
    if fixed.is_empty() {
        return Ok(());
    }
    let refuse = |address: IpAddr, place: String| match fixed.get(&address) {
        Some(service) => Err(RehearsalError::SpokenAddress {
            address,
            service: (*service).clone(),
            place,
        }),
        None => Ok(()),
    };
    for spoken in &model.spoken {
        refuse(spoken.address, spoken.at.to_string())?;
    }
    for (name, service) in model.services.iter().filter(|(_, one)| one.enabled) {
        for (variable, value) in &service.environment {
            for address in addresses_in(value) {
                refuse(address, format!("`{variable}` of service `{name}`"))?;
            }
        }
    }
    for file in MountedTexts::of(model, false).files {
        for (number, line) in file.text.lines().enumerate() {
            for address in addresses_in(line) {
                let at = format!("{}:{}", file.path.display(), number + 1);
                refuse(address, at)?;
            }
        }
    }
    Ok(())
}

/// The fixed addresses, each with its service.
fn fixed(model: &Model) -> BTreeMap<IpAddr, &String> {
    let enabled = model.services.iter().filter(|(_, one)| one.enabled);
    let each = enabled.flat_map(|(name, service)| {
        let endpoints = service.fixed.values();
        let addresses = endpoints.flat_map(|endpoint| &endpoint.addresses);
        addresses.map(move |address| (*address, name))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::compose::LoadOptions;

    fn refused(db: &str, web: &str) -> Option<String> {
        let text = format!(
            "services:\n  db:\n    image: d\n    networks: {{lan: {{ipv4_address: 10.9.0.5}}}}\n{db}\
             \x20 web:\n    image: w\n    networks: [lan]\n{web}networks: {{lan: {{ipam: {{config: [{{subnet: 10.9.0.0/24, gateway: 10.9.0.1}}]}}}}}}\n"
        );
        let read = |_: &Path| Ok(text.as_bytes().to_vec());
        let files = [PathBuf::from("/nowhere/i/docker-compose.yml")];
        let model = Model::load_with(&files, &LoadOptions::default(), &read).unwrap();
        require_unspoken_in(&model)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn an_address_of_a_service_is_refused_where_it_is_spoken_of_and_nowhere_else() {
        for (db, web) in [
            ("", ""),
            ("    ports: ['10.9.0.5:80:80']\n", ""),
            ("", "    extra_hosts: ['db2:10.9.0.5']\n"),
            (
                "",
                "    environment: {DB: '10.9.0.50', TRUSTED: '10.9.0.0/24'}\n",
            ),
            ("", "    profiles: [off]\n    command: --db 10.9.0.5\n"),
        ] {
            assert_eq!(refused(db, web), None, "{db}{web}");
        }
        for (web, place) in [
            (
                "    environment: {DB: 'postgres://u@10.9.0.5:5432/x'}\n",
                "docker-compose.yml:8:",
            ),
            ("    command: [--db, 10.9.0.5]\n", "docker-compose.yml:8:"),
            ("    dns: 10.9.0.5\n", "docker-compose.yml:8:"),
            (
                "    healthcheck: {test: 'nc 10.9.0.5 80'}\n",
                "docker-compose.yml:8:",
            ),
        ] {
            let said = refused("", web).unwrap();
            let begins = "the address 10.9.0.5 of service `db` can't be had twice, and";
            assert!(said.starts_with(begins) && said.contains(place), "{said}");
        }
    }
}
