//! The pages of an answer as pure steps: what to ask next, of what was answered last.

use crate::models::{Operation, Pages};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Asks for page after page.
///
/// [`Pager::parameters`] is what to ask; [`Pager::answered`] takes the answer and says whether to ask again.
#[derive(Debug, Clone)]
pub struct Pager<'a> {
    pages: Option<&'a Pages>,
    parameters: Map<String, Value>,
    seen: BTreeSet<String>,
}

/// Why an answer is not continued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PagerError {
    /// The service would go round in circles.
    #[error("the service answered the same token twice: `{token}`")]
    SameToken {
        /// The token.
        token: String,
    },
}

impl<'a> Pager<'a> {
    /// Begins with these parameters; a token among them begins in the middle. An operation without pages has one.
    pub fn new(operation: &'a Operation, parameters: &Value) -> Self {
        let parameters = parameters.as_object().cloned().unwrap_or_default();
        Self { pages: operation.pages.as_ref(), parameters, seen: BTreeSet::new() }
    }

    /// What to ask now.
    pub fn parameters(&self) -> Value {
        Value::Object(self.parameters.clone())
    }

    /// Takes the answer and says whether there is more to ask.
    pub fn answered(&mut self, answer: &Value) -> Result<bool, PagerError> {
        let Some(pages) = self.pages else { return Ok(false) };
        if let Some(more) = &pages.more
            && !find(answer, more).is_some_and(is_something)
        {
            return Ok(false);
        }
        let tokens: Vec<Option<&Value>> = pages
            .output_tokens
            .iter()
            .map(|path| {
                path.split("||")
                    .filter_map(|path| find(answer, path.trim()))
                    .find(|token| is_something(token))
            })
            .collect();
        if tokens.iter().all(Option::is_none) {
            return Ok(false);
        }
        let token =
            Value::from(tokens.iter().map(|token| token.cloned().unwrap_or_default()).collect::<Vec<_>>());
        if !self.seen.insert(token.to_string()) {
            return Err(PagerError::SameToken { token: shown(&token) });
        }
        for (name, token) in pages.input_tokens.iter().zip(tokens) {
            match token {
                Some(token) => {
                    self.parameters.insert(name.clone(), token.clone());
                }
                None => {
                    self.parameters.shift_remove(name);
                }
            }
        }
        Ok(true)
    }
}

/// The token's beginning: it is foreign text of any length.
fn shown(token: &Value) -> String {
    let text = match token.as_array().map(Vec::as_slice) {
        Some([Value::String(text)]) => text.clone(),
        _ => token.to_string(),
    };
    text.chars().take(100).collect()
}

/// What botocore takes as false ends the pages.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// What stands at `Name.Name[-1].Name`.
pub(crate) fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| match step.strip_suffix("[-1]") {
        Some(name) => value.get(name)?.as_array()?.last(),
        None => value.get(step),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;
    use serde_json::json;

    /// What is asked, step by step, when the service answers so.
    #[track_caller]
    fn check(service: &str, operation: &str, parameters: Value, answers: &[Value], expected: &str) {
        let operation = &models().service(service).unwrap().operations[operation];
        let mut pager = Pager::new(operation, &parameters);
        let mut asked = vec![pager.parameters().to_string()];
        for answer in answers {
            match pager.answered(answer) {
                Ok(true) => asked.push(pager.parameters().to_string()),
                Ok(false) => asked.push("end".to_owned()),
                Err(error) => asked.push(error.to_string()),
            }
        }
        assert_eq!(asked.join(" "), expected);
    }

    #[test]
    fn the_token_of_the_answer_is_the_next_question() {
        check(
            "ec2",
            "DescribeInstances",
            json!({"MaxResults": 5}),
            &[json!({"NextToken": "a"}), json!({"NextToken": ""})],
            r#"{"MaxResults":5} {"MaxResults":5,"NextToken":"a"} end"#,
        );
    }

    #[test]
    fn what_says_whether_more_follows_is_believed() {
        let listed = json!({"IsTruncated": false, "Marker": "m"});
        check("iam", "ListUsers", json!({}), &[listed], "{} end");
    }

    #[test]
    fn a_token_may_be_the_last_key_of_the_page() {
        let listed = json!({"IsTruncated": true, "Contents": [{"Key": "a"}, {"Key": "b"}]});
        let asked = r#"{"Bucket":"x"} {"Bucket":"x","Marker":"b"}"#;
        check("s3", "ListObjects", json!({"Bucket": "x"}), &[listed], asked);
    }

    #[test]
    fn pages_that_go_round_in_circles_are_told() {
        let answer = |token: &str| json!({"NextToken": token});
        check(
            "ec2",
            "DescribeInstances",
            json!({}),
            &[answer("a"), answer("b"), answer("a")],
            "{} {\"NextToken\":\"a\"} {\"NextToken\":\"b\"} the service answered the same token twice: `a`",
        );
    }

    #[test]
    fn an_operation_without_pages_has_one() {
        check("sts", "GetCallerIdentity", json!({}), &[json!({"NextToken": "a"})], "{} end");
    }
}
