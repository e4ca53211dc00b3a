//! As much of JSON Schema as `docs/json/` uses. A word that isn't known here is a fault of the schema,
//! so that nothing stands there that nobody checks.

use serde_json::Value;

/// A schema and its definitions.
pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn new(schema: Value) -> Self {
        Self(schema)
    }

    /// What in `value` isn't as the schema says.
    pub(super) fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(&self.0, value, "", &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/$defs/").unwrap();
            return self.check(&self.0["$defs"][name], value, at, faults);
        }
        for (word, says) in schema.as_object().unwrap() {
            match word.as_str() {
                // Of a map, whose names nobody knows: each has to be as the one schema says.
                "additionalProperties" if says.is_object() => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        self.check(says, value, &format!("{at}/{name}"), faults);
                    }
                }
                "$schema" | "$defs" | "$id" | "title" | "description" | "additionalProperties" => {}
                "type" => {
                    if !types(says).contains(&kind(value)) {
                        faults.push(format!("{at}: is {}, not {says}", kind(value)));
                    }
                }
                "const" => {
                    if says != value {
                        faults.push(format!("{at}: {value} is not {says}"));
                    }
                }
                "enum" => {
                    if !says.as_array().unwrap().contains(value) {
                        faults.push(format!("{at}: {value} is none of {says}"));
                    }
                }
                "anyOf" => {
                    let fits = |one: &Value| {
                        let mut faults = Vec::new();
                        self.check(one, value, at, &mut faults);
                        faults.is_empty()
                    };
                    if !says.as_array().unwrap().iter().any(fits) {
                        faults.push(format!("{at}: {value} is none of those"));
                    }
                }
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(says, item, &format!("{at}/{number}"), faults);
                    }
                }
                "required" => {
                    for name in says.as_array().unwrap() {
                        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                            faults.push(format!("{at}: lacks {name}"));
                        }
                    }
                }
                "properties" => self.check_fields(schema, value, at, faults),
                other => faults.push(format!(
                    "{at}: the schema says `{other}`, which nobody checks"
                )),
            }
        }
    }

    fn check_fields(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, value, &at, faults),
                None if schema["additionalProperties"] == true => {}
                None => faults.push(format!("{at}: isn't in the schema")),
            }
        }
    }
}

fn types(says: &Value) -> Vec<&str> {
    match says {
        Value::String(one) => vec![one],
        several => several
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn faults_are_found() {
    let schema = Schema::new(serde_json::json!({
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"type": "array", "items": {"enum": [1, "x"]}}},
        "$defs": {"a": {"type": ["integer", "null"]}},
    }));
    let check = |value: Value, wanted: usize| {
        let faults = schema.faults(&value);
        assert_eq!(faults.len(), wanted, "{value}: {faults:?}");
    };
    check(serde_json::json!({"a": null, "b": [1, "x"]}), 0);
    check(serde_json::json!({"a": "x"}), 1);
    check(serde_json::json!({"b": [2, 1, 3]}), 3);
    check(serde_json::json!({"a": 1, "c": 1}), 1);
    check(serde_json::json!([]), 1);
    let map = Schema::new(serde_json::json!({"additionalProperties": {"type": "integer"}}));
    assert_eq!(map.faults(&serde_json::json!({"a": 1, "b": "x"})).len(), 1);
    let odd = Schema::new(serde_json::json!({"minimum": 3}));
    assert_eq!(odd.faults(&serde_json::json!(3)).len(), 1);
}
