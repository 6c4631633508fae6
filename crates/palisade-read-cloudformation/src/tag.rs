//! Makes the long form of a function from YAML's short one: `!Ref Name` is `{Ref: Name}`.

use palisade_document::{Booleans, Documents, Text, read_yaml_with};
use palisade_model::{Diagnostic, Node, Value, Why};
use std::cell::RefCell;

const FUNCTIONS: [&str; 22] = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// Reads YAML in which tags are functions. A tag that is none is unknown, with a warning: preprocessors add theirs.
pub(crate) fn read(text: Text<'_>) -> Documents {
    let warnings = RefCell::new(Vec::new());
    let tag = |tag: &str, node: Node| {
        let origin = node.origin.clone();
        let name = match tag {
            "Ref" | "Condition" => tag.to_owned(),
            _ if FUNCTIONS.contains(&tag) => format!("Fn::{tag}"),
            _ => {
                let mut warning =
                    Diagnostic::warning(format!("`!{tag}` is not a function of CloudFormation"));
                warning.span = origin.span().cloned();
                warnings.borrow_mut().push(warning.help("its value counts as unknown"));
                return Ok(Node::unknown(Why::NotEvaluated(format!("!{tag}").into()), origin));
            }
        };
        Ok(Node::new(Value::map([(name.into(), node)]), origin))
    };
    let mut read = read_yaml_with(text, &tag, Booleans::YesNo);
    let mut warnings = warnings.into_inner();
    warnings.truncate(palisade_document::MAX_DIAGNOSTICS);
    read.diagnostics.append(&mut warnings);
    read
}
