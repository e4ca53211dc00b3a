//! What of a project's files is written with variables in it, each by its place: for telling which variable a
//! setting is read from in one release and in another.

use std::collections::BTreeMap;

use super::value::{Data, Value};

/// All of them, by their places below the root.
pub(super) fn templates(root: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(root, "", &mut found);
    found
}

fn collect(value: &Value, place: &str, found: &mut BTreeMap<String, String>) {
    if let Some(written) = &value.written {
        found.insert(place.to_owned(), written.clone());
    }
    let below = |name: &str| match place {
        "" => name.to_owned(),
        _ => format!("{place}.{name}"),
    };
    match &value.data {
        Data::Map(map) => {
            let is_long = map.contains_key("target");
            for (key, value) in map {
                // What the short syntax has in one text.
                match is_long && matches!(key.as_str(), "source" | "published") {
                    true => collect(value, place, found),
                    false => collect(value, &below(key), found),
                }
            }
        }
        Data::List(items) => {
            for (number, item) in items.iter().enumerate() {
                collect(item, &below(&name_of(item, number)), found);
            }
        }
        _ => {}
    }
}

/// What an item of a list is known by: what it is for, else its number.
fn name_of(item: &Value, number: usize) -> String {
    let written = item.written.as_deref().or(item.as_str());
    let key = written
        .and_then(|text| text.split_once('='))
        .map(|pair| pair.0);
    let target = item.get("target").and_then(Value::to_text);
    target
        .or_else(|| key.filter(|key| !key.contains('$')).map(str::to_owned))
        .unwrap_or_else(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use crate::compose::Model;

    #[track_caller]
    fn check(service: &str, expect: &[&str]) {
        let text = format!("services:\n  web: {{image: i, {service}}}\n");
        let model = Model::of_text("p", &text, &[]);
        let told = model.templates.iter();
        let told: Vec<_> = told
            .map(|(place, text)| format!("{place} {text}"))
            .collect();
        assert_eq!(told, expect, "{service}");
    }

    #[test]
    fn an_item_of_a_list_is_known_by_what_it_is_for() {
        check(
            "ports: ['80:80', '${P:-1}:443']",
            &["services.web.ports.443 ${P:-1}:443"],
        );
        check(
            "volumes: ['${D:-./d}:/data']",
            &["services.web.volumes./data ${D:-./d}:/data"],
        );
        check(
            "volumes: [{type: bind, source: '${D:-./d}', target: /data}]",
            &["services.web.volumes./data ${D:-./d}"],
        );
        check(
            "environment: ['A=${A:-1}', B=2]",
            &["services.web.environment.A A=${A:-1}"],
        );
        check(
            "environment: {A: '${A:-1}'}",
            &["services.web.environment.A ${A:-1}"],
        );
        check(
            "command: [run, '${A:-x}']",
            &["services.web.command.1 ${A:-x}"],
        );
    }
}
