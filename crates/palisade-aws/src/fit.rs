//! Makes parameters fit that were taken from an answer: what one operation answers as a number, another may take as text.

use crate::models::{Operation, Reference, Service, Shape, To};
use serde_json::Value;

/// The parameters with each number or bool as text where the operation takes text; all else stays as it is.
pub fn fitted(service: &Service, operation: &Operation, parameters: Value) -> Value {
    match &operation.input {
        Some(input) => fit(service, input, parameters, 0),
        None => parameters,
    }
}

fn fit(service: &Service, of: &Reference, value: Value, level: usize) -> Value {
    if level > crate::NESTING_MAX {
        return value;
    }
    match (service.shape(of), value) {
        (None, Value::Number(number)) if of.to == To::String => Value::String(number.to_string()),
        (None, Value::Bool(is)) if of.to == To::String => Value::String(is.to_string()),
        (Some(Shape::List(item)), Value::Array(items)) => {
            items.into_iter().map(|value| fit(service, item, value, level + 1)).collect()
        }
        (Some(Shape::Map(_, item)), Value::Object(entries)) => {
            entries.into_iter().map(|(name, value)| (name, fit(service, item, value, level + 1))).collect()
        }
        (Some(Shape::Structure(structure)), Value::Object(entries)) => {
            let member = |name: &str| structure.members.iter().find(|member| member.name == name);
            entries
                .into_iter()
                .map(|(name, value)| match member(&name) {
                    Some(member) => {
                        let value = fit(service, &member.of, value, level + 1);
                        (name, value)
                    }
                    None => (name, value),
                })
                .collect()
        }
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;
    use serde_json::json;

    #[test]
    fn a_number_becomes_text_only_where_text_is_taken() {
        let check = |service: &str, operation: &str, parameters: Value, expected: Value| {
            let service = models().service(service).unwrap();
            let operation = &service.operations[operation];
            assert_eq!(fitted(service, operation, parameters), expected);
        };
        check(
            "ec2",
            "DescribeLaunchTemplateVersions",
            json!({"Versions": [3, "$Latest"], "MaxResults": 5, "Other": 1}),
            json!({"Versions": ["3", "$Latest"], "MaxResults": 5, "Other": 1}),
        );
    }
}
