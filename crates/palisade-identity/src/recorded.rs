//! What a trail recorded of how a call ended: done, denied (and by which policy), or failed otherwise.

use palisade_iam::{Layer, Outcome};
use serde_json::Value;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// AWS did it, so it was allowed.
    Done,
    /// AWS denied it.
    Denied(Option<Because>),
    /// It failed for another reason, before or after it was authorised: the error's code.
    Failed(String),
}

/// Why AWS denied a call, as its message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Because {
    /// The sort of policy that it names.
    pub layer: Layer,
    /// A statement denies; else none allows.
    pub is_explicit: bool,
}

impl Because {
    /// Does a decision say the same?
    pub fn is_told_by(self, decision: &palisade_iam::Decision) -> bool {
        self.is_explicit == (decision.outcome == Outcome::ExplicitlyDenied)
            && decision.blocked_by.contains(self.layer)
    }

    /// As AWS's messages put it.
    pub fn text(self) -> String {
        let noun = WORDS.iter().find(|(_, layer)| *layer == self.layer).map_or("policy", |(noun, _)| noun);
        if self.is_explicit {
            format!("an explicit deny in a {noun}")
        } else {
            format!("no {noun} allows it")
        }
    }
}

/// The words of AWS's messages.
///
/// Source: "Troubleshoot access denied error messages", IAM user guide.
const WORDS: [(&str, Layer); 7] = [
    ("service control policy", Layer::ServiceControl),
    ("resource control policy", Layer::ResourceControl),
    ("identity-based policy", Layer::Identity),
    ("resource-based policy", Layer::Resource),
    ("permissions boundary", Layer::Boundary),
    ("session policy", Layer::Session),
    ("VPC endpoint policy", Layer::Endpoint),
];

impl Recorded {
    /// Reads a record's error code and message.
    pub fn of(record: &Value) -> Self {
        let Some(code) = record.get("errorCode").and_then(Value::as_str).filter(|code| !code.is_empty())
        else {
            return Self::Done;
        };
        let lower = code.to_ascii_lowercase();
        let is_denial = [
            "accessdenied",
            "unauthorizedoperation",
            "unauthorizedaccess",
            "authorizationerror",
            "notauthorized",
        ];
        if !is_denial.iter().any(|word| lower.contains(word)) {
            return Self::Failed(code.to_owned());
        }
        Self::Denied(record.get("errorMessage").and_then(Value::as_str).and_then(because))
    }
}

fn because(message: &str) -> Option<Because> {
    let (is_explicit, rest) = match message.split_once("with an explicit deny in ") {
        Some((_, rest)) => (true, rest),
        None => (false, message.split_once("because no ")?.1),
    };
    let rest = rest.trim_start_matches("an ").trim_start_matches("a ");
    let found = WORDS.iter().find(|(noun, _)| {
        rest.len() >= noun.len()
            && rest.is_char_boundary(noun.len())
            && rest[..noun.len()].eq_ignore_ascii_case(noun)
    })?;
    Some(Because { layer: found.1, is_explicit })
}

/// The action and the resource that a message of denial names.
pub(crate) fn named(message: &str) -> (Option<&str>, Option<&str>) {
    let after = |word: &str| {
        let rest = message.split_once(word)?.1.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        Some(rest[..end].trim_matches(['"', '\'', '.', ',']))
    };
    (after("is not authorized to perform:"), after("on resource:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, message: &str, expected: Recorded) {
        assert_eq!(
            Recorded::of(&serde_json::json!({"errorCode": code, "errorMessage": message})),
            expected,
            "{message}"
        );
    }

    #[test]
    fn the_policy_that_a_message_names_is_read() {
        let because = |layer, is_explicit| Recorded::Denied(Some(Because { layer, is_explicit }));
        let begin = "User: u is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\"";
        for (end, expected) in [
            (
                "because no identity-based policy allows the s3:GetObject action",
                because(Layer::Identity, false),
            ),
            ("with an explicit deny in a service control policy", because(Layer::ServiceControl, true)),
            ("with an explicit deny in an identity-based policy", because(Layer::Identity, true)),
            (
                "because no permissions boundary allows the s3:GetObject action",
                because(Layer::Boundary, false),
            ),
            (
                "because no VPC endpoint policy allows the s3:GetObject action",
                because(Layer::Endpoint, false),
            ),
            (
                "with an explicit deny in a resource control policy: arn:aws:…",
                because(Layer::ResourceControl, true),
            ),
            ("", Recorded::Denied(None)),
        ] {
            check("AccessDenied", &format!("{begin} {end}"), expected);
        }
        check(
            "Client.UnauthorizedOperation",
            "You are not authorized to perform this operation.",
            Recorded::Denied(None),
        );
        check("ThrottlingException", "Rate exceeded", Recorded::Failed("ThrottlingException".into()));
        assert_eq!(Recorded::of(&serde_json::json!({})), Recorded::Done);
        assert_eq!(named(&format!("{begin} because")), (Some("s3:GetObject"), Some("arn:aws:s3:::b/k")));
        assert_eq!(named("no"), (None, None));
    }
}
