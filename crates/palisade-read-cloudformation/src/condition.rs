//! Decides conditions: true, false, or not known and why.

use crate::evaluate::{Evaluator, call, is_same, scalar_text, unknown_of};
use palisade_model::{Diagnostic, Node, Origin, Unknown, Value, Why};

/// How many conditions may refer to each other in a row.
const MAX_CHAIN: usize = 64;

/// What a condition comes to.
#[derive(Debug, Clone)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown(Unknown),
}

impl From<bool> for Truth {
    fn from(is_true: bool) -> Self {
        if is_true { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown(unknown) => Self::Unknown(unknown),
        }
    }
}

impl Evaluator<'_> {
    /// Decides a condition that is named, or written in place.
    pub(crate) fn condition(&mut self, node: &Node) -> Truth {
        match &node.value {
            Value::Text(name) => self.named_condition(name, &node.origin),
            Value::Bool(is_true) => Truth::from(*is_true),
            Value::Unknown(unknown) => Truth::Unknown(unknown.clone()),
            Value::Map(map) => match map.entries.first() {
                Some((name, argument)) if &**name == "Condition" => self.condition(argument),
                _ => match call(map) {
                    Some((function, argument)) => self.condition_call(function, argument, &node.origin),
                    None => self.no_condition(&node.origin),
                },
            },
            Value::Null | Value::Number(_) | Value::List(_) => self.no_condition(&node.origin),
        }
    }

    fn named_condition(&mut self, name: &str, origin: &Origin) -> Truth {
        if let Some(truth) = self.truths.get(name) {
            return truth.clone();
        }
        let Some((name, node)) = self.conditions.entries.get_key_value(name) else {
            return match &self.conditions.more {
                Some(more) => Truth::Unknown(more.clone()),
                None => self.wrong_condition(format!("`{name}` is not a condition of this template"), origin),
            };
        };
        let (name, node) = (name.clone(), node.clone());
        let truth = if self.being_decided.contains(&name) {
            self.wrong_condition(format!("the condition `{name}` depends on itself"), origin)
        } else if self.being_decided.len() >= MAX_CHAIN {
            let message = format!("the condition `{name}` depends on more than {MAX_CHAIN} others in a row");
            return self.wrong_condition(message, origin);
        } else {
            self.being_decided.push(name.clone());
            let truth = self.condition(&node);
            self.being_decided.pop();
            truth
        };
        self.truths.insert(name, truth.clone());
        truth
    }

    fn condition_call(&mut self, function: &str, argument: &Node, origin: &Origin) -> Truth {
        let Value::List(list) = &argument.value else {
            return match function {
                "Fn::Not" => !self.condition(argument),
                _ => self.no_condition(origin),
            };
        };
        if let Some(more) = &list.more {
            return Truth::Unknown(more.clone());
        }
        match (function, list.items.as_slice()) {
            ("Fn::Equals", [one, other]) => self.equals(one, other),
            ("Fn::Not", [item]) => !self.condition(item),
            ("Fn::And", items) => self.all(items),
            // Some of them hold when it isn't so that all fail.
            ("Fn::Or", items) => {
                let fails: Vec<Truth> = items.iter().map(|item| !self.condition(item)).collect();
                !all(fails)
            }
            ("Fn::Equals" | "Fn::Not", _) => self.no_condition(origin),
            _ => Truth::Unknown(Why::NotEvaluated(function.into()).into()),
        }
    }

    fn all(&mut self, items: &[Node]) -> Truth {
        let hold = items.iter().map(|item| self.condition(item)).collect();
        all(hold)
    }

    /// Scalars are compared as the texts they are written as: a parameter is a text whatever its type.
    fn equals(&mut self, one: &Node, other: &Node) -> Truth {
        let empty = |node: &Node| Node::new(Value::text(""), node.origin.clone());
        let left = self.evaluate(one).unwrap_or_else(|| empty(one)).value;
        let right = self.evaluate(other).unwrap_or_else(|| empty(other)).value;
        if let Some(unknown) = unknown_of([&left, &right].into_iter(), None) {
            return Truth::Unknown(unknown);
        }
        Truth::from(match (scalar_text(&left), scalar_text(&right)) {
            (Some(left), Some(right)) => left == right,
            _ => is_same(&left, &right),
        })
    }

    fn no_condition(&mut self, origin: &Origin) -> Truth {
        self.wrong_condition("this is not a condition".to_owned(), origin)
    }

    fn wrong_condition(&mut self, message: String, origin: &Origin) -> Truth {
        let diagnostic = Diagnostic::error(message.as_str()).help("what depends on it counts as unknown");
        self.report(diagnostic, Some(origin));
        Truth::Unknown(Why::Unreadable(message.into()).into())
    }
}

fn all(truths: Vec<Truth>) -> Truth {
    let mut open = None;
    for truth in truths {
        match truth {
            Truth::No => return Truth::No,
            Truth::Yes => {}
            Truth::Unknown(unknown) => open = open.or(Some(unknown)),
        }
    }
    open.map_or(Truth::Yes, Truth::Unknown)
}
