//! Reads policy documents strictly: what AWS would refuse is reported with its place, and grants nothing.

use crate::condition::{Condition, Family, Operator, Test, TestValue, compile_value};
use crate::name::Name;
use crate::policy::{
    Actions, Effect, Index, Policy, PolicyKind, Principals, ResourcePattern, Resources, Statement, Written,
};
use crate::principal::{Named, PrincipalPattern};
use palisade_document::{Text, read_json};
use palisade_model::{Diagnostic, Level, List, Map, Node, Span, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// No policy is longer than this, in characters that are no white space: the longest of AWS's own has half of it,
/// and customers get far less.
pub const MAX_CHARACTERS: usize = 262_144;
/// How many diagnostics one policy gives at most.
const MAX_DIAGNOSTICS: usize = 200;

/// How strictly a policy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// As AWS reads it today.
    #[default]
    Strict,
    /// Forms that AWS stored in the past, or that cases leave out, are evaluated; see CASES.md.
    Forgiving,
}

impl Policy {
    /// Reads a policy from JSON text.
    pub fn parse(text: &str, file: &Arc<str>, kind: PolicyKind, strictness: Strictness) -> Self {
        let documents = read_json(Text::whole(file, text));
        let length = text.chars().filter(|character| !character.is_whitespace()).count();
        let nothing =
            Node::new(Value::Null, palisade_model::Origin::File(Span::new(file.clone(), (1, 1), (1, 1))));
        let node = documents.documents.first().unwrap_or(&nothing);
        let mut policy = Self::from_node(node, file.clone(), kind, strictness);
        if length > MAX_CHARACTERS {
            policy.diagnostics.insert(
                0,
                Diagnostic::error(format!(
                    "the policy has {length} characters; AWS stores none above {MAX_CHARACTERS}"
                ))
                .at(Span::new(file.clone(), (1, 1), (1, 1)))
                .help("split it"),
            );
        }
        // Empty, cut off at once, no JSON: what it was to say is not known.
        if !matches!(node.value, Value::Map(_)) {
            policy.unread = policy.unread.or_else(|| Some("it is no JSON object".into()));
        }
        policy.diagnostics.splice(0..0, documents.diagnostics);
        policy.is_rejected |= policy.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        policy
    }

    /// Reads a policy from a node that a document reader gave.
    pub fn from_node(
        node: &Node,
        name: impl Into<Arc<str>>,
        kind: PolicyKind,
        strictness: Strictness,
    ) -> Self {
        let mut reader =
            Reader { kind, strictness, variables: false, diagnostics: Vec::new(), sids: HashSet::new() };
        let name = name.into();
        let statements = match &node.value {
            Value::Unknown(why) => return Self::unread(kind, name, why.to_string()),
            Value::Map(map) => reader.document(map, node),
            _ => {
                reader.error(
                    "a policy is a JSON object",
                    node,
                    "`{\"Version\": \"2012-10-17\", \"Statement\": […]}` is expected",
                );
                Vec::new()
            }
        };
        let is_rejected = reader.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        let open = match &node.value {
            Value::Map(map) => map.more.as_ref().map(|why| Arc::from(why.to_string())),
            _ => None,
        };
        Self {
            kind,
            name,
            has_variables: reader.variables,
            index: Index::of(&statements),
            statements,
            diagnostics: reader.diagnostics,
            is_rejected,
            unread: open,
        }
    }
}

struct Reader {
    kind: PolicyKind,
    strictness: Strictness,
    variables: bool,
    diagnostics: Vec<Diagnostic>,
    sids: HashSet<Arc<str>>,
}

/// The values of an element that is one text or a list of them.
struct Texts {
    values: Vec<Written>,
    open: Option<Arc<str>>,
}

fn span(node: &Node) -> Option<Span> {
    node.origin.span().cloned()
}

impl Reader {
    fn report(&mut self, diagnostic: Diagnostic, node: &Node, help: &str) {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            return;
        }
        let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
        self.diagnostics.push(match span(node) {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }

    fn error(&mut self, message: impl Into<String>, node: &Node, help: &str) {
        self.report(Diagnostic::error(message), node, help);
    }

    fn warning(&mut self, message: impl Into<String>, node: &Node, help: &str) {
        self.report(Diagnostic::warning(message), node, help);
    }

    /// What AWS refuses today and cases may hold all the same.
    fn refused(&mut self, message: impl Into<String>, node: &Node, help: &str) {
        match self.strictness {
            Strictness::Strict => self.error(message, node, help),
            Strictness::Forgiving => self.warning(message, node, help),
        }
    }

    fn document(&mut self, map: &Map, node: &Node) -> Vec<Statement> {
        for (name, value) in &map.entries {
            if !matches!(name.as_ref(), "Version" | "Id" | "Statement") {
                self.error(
                    format!("`{name}` is not an element of a policy"),
                    value,
                    nearest(name, &["Version", "Id", "Statement"]),
                );
            }
        }
        match map.entries.get("Version") {
            None => {}
            Some(version) => match version.text() {
                Some("2012-10-17") => self.variables = true,
                Some("2008-10-17") => {}
                _ => self.error(
                    "`Version` is neither `2012-10-17` nor `2008-10-17`",
                    version,
                    "use \"2012-10-17\"",
                ),
            },
        }
        let Some(statements) = map.entries.get("Statement") else {
            if map.more.is_none() {
                self.error("the policy has no `Statement`", node, "");
            }
            return Vec::new();
        };
        match &statements.value {
            Value::Map(_) => vec![self.statement(0, statements)],
            Value::List(List { items, more }) => {
                if items.is_empty() && more.is_none() {
                    self.refused("`Statement` is empty", statements, "");
                }
                let mut read: Vec<Statement> =
                    items.iter().enumerate().map(|(index, item)| self.statement(index, item)).collect();
                if let Some(why) = more {
                    read.push(open_statement(read.len(), why.to_string(), span(statements)));
                }
                read
            }
            Value::Unknown(why) => vec![open_statement(0, why.to_string(), span(statements))],
            _ => {
                self.error("`Statement` is neither an object nor a list of them", statements, "");
                Vec::new()
            }
        }
    }

    fn statement(&mut self, index: usize, node: &Node) -> Statement {
        let map = match &node.value {
            Value::Map(map) => map,
            Value::Unknown(why) => return open_statement(index, why.to_string(), span(node)),
            _ => {
                self.error("a statement is an object", node, "");
                return Statement {
                    open: None,
                    effect: None,
                    ..open_statement(index, String::new(), span(node))
                };
            }
        };
        const ELEMENTS: [&str; 10] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
            "Id",
        ];
        for (name, value) in &map.entries {
            if !ELEMENTS[..9].contains(&name.as_ref()) {
                self.error(
                    format!("`{name}` is not an element of a statement"),
                    value,
                    nearest(name, &ELEMENTS[..9]),
                );
            }
        }
        let mut open = map.more.as_ref().map(|why| Arc::from(why.to_string()));
        let effect = self.effect(map, node, &mut open);
        let principals = self.principals(map, node, effect, &mut open);
        let actions = self.actions(map, node);
        let resources = self.resources(map, node);
        Statement {
            index,
            sid: self.sid(map),
            effect,
            span: span(node),
            principals,
            actions,
            resources,
            conditions: map
                .entries
                .get("Condition")
                .map_or_else(Vec::new, |node| self.conditions(node, &mut open)),
            open,
        }
    }

    fn sid(&mut self, map: &Map) -> Option<Arc<str>> {
        let node = map.entries.get("Sid")?;
        let Some(text) = node.text() else {
            if !matches!(node.value, Value::Unknown(_)) {
                self.error("`Sid` is not a text", node, "");
            }
            return None;
        };
        let text: Arc<str> = text.into();
        let in_identity =
            matches!(self.kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session);
        if in_identity && !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.refused(
                format!("the `Sid` `{text}` has other characters than letters and digits"),
                node,
                "",
            );
        }
        if !text.is_empty() && !self.sids.insert(text.clone()) {
            self.refused(
                format!("the `Sid` `{text}` is given twice in this policy"),
                node,
                "each statement has its own",
            );
        }
        Some(text)
    }

    fn effect(&mut self, map: &Map, node: &Node, open: &mut Option<Arc<str>>) -> Option<Effect> {
        let Some(effect) = map.entries.get("Effect") else {
            if open.is_none() {
                self.error("the statement has no `Effect`", node, "`Allow` or `Deny` is expected");
            }
            return None;
        };
        match (&effect.value, effect.text()) {
            (_, Some("Allow")) => {
                if self.kind == PolicyKind::ResourceControl && self.strictness == Strictness::Strict {
                    self.allow_in_rcp(map, effect);
                }
                Some(Effect::Allow)
            }
            (_, Some("Deny")) => Some(Effect::Deny),
            (Value::Unknown(why), _) => {
                *open = Some(why.to_string().into());
                None
            }
            (_, text) => {
                let text = text.unwrap_or("…");
                self.error(
                    format!("the `Effect` `{text}` is neither `Allow` nor `Deny`"),
                    effect,
                    "letter case matters",
                );
                None
            }
        }
    }

    /// RCPFullAWSAccess is the only RCP that allows.
    fn allow_in_rcp(&mut self, map: &Map, effect: &Node) {
        let is_star = |name: &str| {
            map.entries.get(name).is_some_and(|node| match &node.value {
                Value::List(list) => {
                    list.items.iter().all(|item| item.text() == Some("*")) && list.items.len() == 1
                }
                _ => node.text() == Some("*"),
            })
        };
        if !(is_star("Action") && is_star("Resource") && is_star("Principal"))
            || map.entries.contains_key("Condition")
        {
            self.error(
                "a resource control policy can only deny",
                effect,
                "AWS allows through RCPFullAWSAccess, which is always attached",
            );
        }
    }

    fn principals(
        &mut self,
        map: &Map,
        node: &Node,
        effect: Option<Effect>,
        open: &mut Option<Arc<str>>,
    ) -> Option<Principals> {
        let (principal, not_principal) = (map.entries.get("Principal"), map.entries.get("NotPrincipal"));
        let given = principal.or(not_principal);
        if !self.kind.names_principals() {
            if let Some(given) = given {
                let noun = self.kind.noun();
                self.refused(
                    format!("a {noun} names no principals"),
                    given,
                    "it is about whom it is attached to",
                );
            }
            return None;
        }
        if let (Some(_), Some(second)) = (principal, not_principal) {
            self.error("the statement has both `Principal` and `NotPrincipal`", second, "keep one of them");
        }
        let Some(given) = given else {
            let may_be_left_out = matches!(self.kind, PolicyKind::Endpoint | PolicyKind::ResourceControl);
            let message = format!("a statement of a {} has a `Principal`", self.kind.noun());
            if may_be_left_out {
                self.refused(message, node, "`\"Principal\": \"*\"`");
                let written = Written { text: "*".into(), span: None };
                return Some(Principals {
                    is_negated: false,
                    patterns: vec![(PrincipalPattern::Everyone, written)],
                    is_open: false,
                });
            }
            if open.is_none() {
                // A statement that names nobody is about nobody; its siblings are not touched by that.
                self.refused(message, node, "");
            }
            return Some(Principals { is_negated: false, patterns: Vec::new(), is_open: open.is_some() });
        };
        let is_negated = principal.is_none();
        if is_negated {
            self.check_not_principal(given, effect, open);
        }
        let mut patterns = Vec::new();
        let mut unknown = None;
        self.principal_element(given, &mut patterns, &mut unknown);
        let is_open = unknown.is_some();
        *open = unknown.or(open.take());
        if self.kind == PolicyKind::ResourceControl
            && !matches!(patterns.as_slice(), [(PrincipalPattern::Everyone, _)])
        {
            self.error(
                "the `Principal` of a resource control policy is `*`",
                given,
                "select callers with conditions",
            );
        }
        Some(Principals { is_negated, patterns, is_open })
    }

    fn check_not_principal(&mut self, given: &Node, effect: Option<Effect>, open: &mut Option<Arc<str>>) {
        if matches!(self.kind, PolicyKind::Trust | PolicyKind::ResourceControl | PolicyKind::Endpoint) {
            let noun = self.kind.noun();
            self.error(format!("a {noun} has no `NotPrincipal`"), given, "use `Principal` and conditions");
        } else if effect == Some(Effect::Allow) {
            self.refused(
                "`NotPrincipal` with `Allow` is not supported",
                given,
                "use `Principal` and conditions",
            );
            if self.strictness == Strictness::Strict && open.is_none() {
                // AWS once stored such policies, and they let in all but those named.
                *open = Some(
                    "AWS no longer supports `NotPrincipal` with `Allow`; older policies may have it".into(),
                );
            }
        }
    }

    fn principal_element(
        &mut self,
        node: &Node,
        patterns: &mut Vec<(PrincipalPattern, Written)>,
        open: &mut Option<Arc<str>>,
    ) {
        match &node.value {
            Value::Unknown(why) => *open = Some(why.to_string().into()),
            Value::Text(text) if text.as_ref() == "*" => {
                patterns.push((PrincipalPattern::Everyone, Written { text: text.clone(), span: span(node) }));
            }
            Value::Text(text) => {
                self.refused(
                    format!("`{text}` is no principal"),
                    node,
                    "`\"*\"` or `{\"AWS\": …}` is expected",
                );
                if self.strictness == Strictness::Forgiving {
                    self.aws_principal(text, node, patterns);
                }
            }
            Value::Map(map) => {
                if let Some(why) = &map.more {
                    *open = Some(why.to_string().into());
                }
                for (sort, names) in &map.entries {
                    self.principals_of_sort(sort, names, patterns, open);
                }
            }
            _ => self.error("a principal is `\"*\"` or an object", node, "`{\"AWS\": …}` is expected"),
        }
    }

    fn principals_of_sort(
        &mut self,
        sort: &str,
        names: &Node,
        patterns: &mut Vec<(PrincipalPattern, Written)>,
        open: &mut Option<Arc<str>>,
    ) {
        const SORTS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];
        if !SORTS.contains(&sort) {
            self.error(format!("`{sort}` is no sort of principal"), names, nearest(sort, &SORTS));
            return;
        }
        let texts = self.texts(names, "a principal");
        if texts.open.is_some() {
            open.clone_from(&texts.open);
        }
        for written in texts.values {
            match sort {
                "AWS" => self.aws_principal(&written.text.clone(), names, patterns),
                "Service" => {
                    let name = written.text.to_ascii_lowercase();
                    if !name.contains('.') {
                        self.error(
                            format!("`{}` is no service principal", written.text),
                            names,
                            "`ec2.amazonaws.com` is one",
                        );
                    }
                    patterns.push((PrincipalPattern::Service(name.into()), written));
                }
                "Federated" => {
                    patterns.push((PrincipalPattern::Federated(written.text.as_ref().into()), written));
                }
                _ => patterns.push((PrincipalPattern::Canonical(written.text.as_ref().into()), written)),
            }
        }
    }

    fn aws_principal(&mut self, text: &str, node: &Node, patterns: &mut Vec<(PrincipalPattern, Written)>) {
        let (pattern, problem) = PrincipalPattern::aws(text);
        if let Some(problem) = problem {
            self.error(problem, node, "");
        }
        patterns.push((pattern, Written { text: text.into(), span: span(node) }));
    }

    fn actions(&mut self, map: &Map, node: &Node) -> Actions {
        let Some((is_negated, given)) = self.one_of(map, node, "Action", "NotAction", true) else {
            return Actions::compile(false, Vec::new(), map.more.as_ref().map(|why| why.to_string().into()));
        };
        let texts = self.texts(given, "an action");
        if is_negated && self.kind == PolicyKind::ResourceControl {
            self.error("a resource control policy has no `NotAction`", given, "use `Action`");
        }
        for written in &texts.values {
            let text = &written.text;
            if text.as_ref() == "*" {
                let is_own = !self.is_full_access(map);
                if self.kind == PolicyKind::ResourceControl && is_own && self.strictness == Strictness::Strict
                {
                    self.error(
                        "an action of a resource control policy names its service",
                        given,
                        "`s3:*` is one",
                    );
                }
                continue;
            }
            let is_name = |part: &str| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*' | b'?'))
            };
            match text.split_once(':') {
                Some((service, name)) if is_name(service) && is_name(name) => {}
                Some(_) => self.warning(
                    format!("`{text}` matches no action: it has characters that no action has"),
                    given,
                    "`service:Action` is expected",
                ),
                None => {
                    self.refused(format!("`{text}` names no service"), given, "`service:Action` is expected")
                }
            }
        }
        Actions::compile(is_negated, texts.values, texts.open)
    }

    fn is_full_access(&self, map: &Map) -> bool {
        map.entries.get("Effect").and_then(Node::text) == Some("Allow")
    }

    fn resources(&mut self, map: &Map, node: &Node) -> Option<Resources> {
        let given = match self.kind {
            PolicyKind::Trust => {
                let given = map.entries.get("Resource").or_else(|| map.entries.get("NotResource"));
                if let Some(given) = given {
                    self.refused(
                        "a trust policy names no resource",
                        given,
                        "it is about the role it belongs to",
                    );
                }
                return None;
            }
            PolicyKind::Resource => self.one_of(map, node, "Resource", "NotResource", false)?,
            _ => self.one_of(map, node, "Resource", "NotResource", true)?,
        };
        let (is_negated, given) = given;
        let texts = self.texts(given, "a resource");
        let mut patterns = Vec::with_capacity(texts.values.len());
        for written in texts.values {
            let (pattern, problem) = ResourcePattern::compile(&written.text, self.variables);
            if let Some(problem) = problem {
                self.refused(problem, given, "`arn:partition:service:region:account:resource` is expected");
            }
            patterns.push((pattern, written));
        }
        Some(Resources { is_negated, patterns, open: texts.open })
    }

    /// The one of two elements that is given.
    fn one_of<'n>(
        &mut self,
        map: &'n Map,
        node: &Node,
        plain: &str,
        negated: &str,
        is_required: bool,
    ) -> Option<(bool, &'n Node)> {
        match (map.entries.get(plain), map.entries.get(negated)) {
            (Some(given), None) => Some((false, given)),
            (None, Some(given)) => Some((true, given)),
            (Some(given), Some(second)) => {
                self.error(
                    format!("the statement has both `{plain}` and `{negated}`"),
                    second,
                    "keep one of them",
                );
                Some((false, given))
            }
            (None, None) => {
                if is_required && map.more.is_none() {
                    self.error(format!("the statement has neither `{plain}` nor `{negated}`"), node, "");
                }
                None
            }
        }
    }

    fn texts(&mut self, node: &Node, noun: &str) -> Texts {
        let mut texts = Texts { values: Vec::new(), open: None };
        match &node.value {
            Value::Text(text) => texts.values.push(Written { text: text.clone(), span: span(node) }),
            Value::List(list) => {
                texts.open = list.more.as_ref().map(|why| why.to_string().into());
                for item in &list.items {
                    match &item.value {
                        Value::Text(text) => {
                            texts.values.push(Written { text: text.clone(), span: span(item) });
                        }
                        Value::Unknown(why) => texts.open = Some(why.to_string().into()),
                        _ => self.error(format!("{noun} is a text"), item, ""),
                    }
                }
                if list.items.is_empty() && texts.open.is_none() {
                    self.refused(format!("a list names at least {noun}"), node, "");
                }
            }
            Value::Unknown(why) => texts.open = Some(why.to_string().into()),
            _ => self.error(format!("{noun} is a text or a list of texts"), node, ""),
        }
        texts
    }

    fn conditions(&mut self, node: &Node, open: &mut Option<Arc<str>>) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let Value::Map(operators) = &node.value else {
            match &node.value {
                Value::Unknown(why) => *open = Some(why.to_string().into()),
                _ => self.error(
                    "`Condition` is an object",
                    node,
                    "`{\"operator\": {\"key\": \"value\"}}` is expected",
                ),
            }
            return conditions;
        };
        if let Some(why) = &operators.more {
            *open = Some(why.to_string().into());
        }
        for (name, keys) in &operators.entries {
            let operator = Operator::parse(name);
            if operator.is_none() {
                let names: Vec<&str> = Operator::names().collect();
                self.error(format!("`{name}` is not a condition operator"), keys, nearest(name, &names));
            }
            match &keys.value {
                Value::Map(map) => {
                    if let Some(why) = &map.more {
                        *open = Some(why.to_string().into());
                    }
                    let mut seen = HashSet::new();
                    for (key, values) in &map.entries {
                        if !seen.insert(key.to_ascii_lowercase()) {
                            self.refused(
                                format!("the key `{key}` is given twice for `{name}`"),
                                values,
                                "letter case of keys does not matter",
                            );
                        }
                        conditions.push(self.condition(name, operator, key, values));
                    }
                }
                Value::Unknown(why) => *open = Some(why.to_string().into()),
                _ => self.error(format!("`{name}` leads to an object of keys and values"), keys, ""),
            }
        }
        conditions
    }

    fn condition(
        &mut self,
        name: &Arc<str>,
        operator: Option<Operator>,
        key: &Arc<str>,
        node: &Node,
    ) -> Condition {
        let mut open = None;
        let mut texts: Vec<Arc<str>> = Vec::new();
        let items = match &node.value {
            Value::List(list) => {
                open = list.more.as_ref().map(|why| Arc::from(why.to_string()));
                list.items.as_slice()
            }
            _ => std::slice::from_ref(node),
        };
        for item in items {
            match &item.value {
                Value::Text(text) => texts.push(text.clone()),
                Value::Bool(bool) => texts.push(if *bool { "true".into() } else { "false".into() }),
                Value::Number(number) => texts.push(number.to_string().into()),
                Value::Unknown(why) => open = Some(why.to_string().into()),
                Value::Null | Value::List(_) | Value::Map(_) => {
                    self.error(format!("a value of the key `{key}` is a text"), item, "");
                }
            }
        }
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            let (test, problem) = match operator {
                Some(operator) => compile_value(operator, &text, self.variables),
                None => (Test::Nothing, None),
            };
            if let Some(problem) = problem {
                self.refused(problem, node, "");
            }
            values.push(TestValue { text, test });
        }
        Condition {
            operator_text: name.clone(),
            operator,
            key_text: key.clone(),
            key: Name::new(key),
            values,
            span: span(node),
            open,
        }
    }
}

fn open_statement(index: usize, why: String, span: Option<Span>) -> Statement {
    Statement {
        index,
        sid: None,
        effect: None,
        span,
        principals: None,
        actions: Actions::compile(true, Vec::new(), None),
        resources: None,
        conditions: Vec::new(),
        open: Some(why.into()),
    }
}

/// The word that was probably meant, as help.
fn nearest(word: &str, known: &[&'static str]) -> &'static str {
    known.iter().find(|known| known.eq_ignore_ascii_case(word)).copied().unwrap_or_default()
}

impl Statement {
    /// Is the statement one of those that name everybody and then ask for `aws:PrincipalArn`?
    pub(crate) fn refine(&self, named: Named) -> Named {
        let asks_for_arn = |condition: &Condition| {
            condition.key.as_str() == "aws:principalarn"
                && condition.operator.is_some_and(|operator| operator.family != Family::Null)
        };
        let by_arn = || self.conditions.iter().any(asks_for_arn);
        if named == Named::Everyone && by_arn() { Named::EveryoneByArn } else { named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: PolicyKind, text: &str) -> Policy {
        Policy::parse(text, &"p.json".into(), kind, Strictness::Strict)
    }

    fn check(kind: PolicyKind, text: &str, expected: &str) {
        let policy = read(kind, text);
        let said: Vec<String> = policy.diagnostics.iter().map(ToString::to_string).collect();
        let said = said.join("\n");
        assert!(said.contains(expected), "{text}\n{said}");
        assert!(policy.is_rejected, "{text}");
    }

    #[test]
    fn a_policy_keeps_what_was_written_and_where() {
        let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [{\"Sid\": \"A\", \"Effect\": \"Allow\", \"Action\": \"S3:*\",\n  \"Resource\": [\"arn:aws:s3:::b\"]}]}";
        let policy = read(PolicyKind::Identity, text);
        assert!(!policy.is_rejected && policy.diagnostics.is_empty());
        let statement = &policy.statements[0];
        assert_eq!(statement.sid.as_deref(), Some("A"));
        assert_eq!(statement.span.as_ref().map(ToString::to_string).as_deref(), Some("p.json:2:16"));
        assert_eq!(statement.actions.written[0].text.as_ref(), "S3:*");
    }

    #[test]
    fn what_aws_would_refuse_is_said_with_its_place() {
        use PolicyKind::*;
        check(Identity, "[]", "p.json:1:1: a policy is a JSON object");
        check(Identity, "", "a policy is a JSON object");
        check(Identity, "{\"Statement\": []}", "`Statement` is empty");
        check(Identity, "{\"Version\": \"2012-10-18\", \"Statement\": {}}", "`Version` is neither");
        check(Identity, "{\"Statemnt\": []}", "`Statemnt` is not an element of a policy");
        let one = |inside: &str| format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{{{inside}}}]}}");
        let allow = "\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"";
        check(
            Identity,
            &one("\"Effect\":\"allow\",\"Action\":\"s3:*\",\"Resource\":\"*\""),
            "neither `Allow` nor `Deny`",
        );
        check(Identity, &one("\"Action\":\"s3:*\",\"Resource\":\"*\""), "no `Effect`");
        check(Identity, &one("\"Effect\":\"Allow\",\"Resource\":\"*\""), "neither `Action` nor `NotAction`");
        check(
            Identity,
            &one("\"Effect\":\"Allow\",\"Action\":\"s3:*\""),
            "neither `Resource` nor `NotResource`",
        );
        check(Identity, &one("\"Effect\":\"Allow\",\"Action\":1,\"Resource\":\"*\""), "an action is a text");
        check(
            Identity,
            &one("\"Effect\":\"Allow\",\"Action\":\"s3\",\"Resource\":\"*\""),
            "names no service",
        );
        check(
            Identity,
            &one("\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"bucket\""),
            "neither an ARN nor `*`",
        );
        check(
            Identity,
            &one("\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s?:::b\""),
            "wildcard in its service",
        );
        check(
            Identity,
            &one(&format!("{allow},\"Principal\":\"*\"")),
            "an identity policy names no principals".trim_start_matches("an "),
        );
        check(Identity, &one(&format!("{allow},\"Action\":\"s3:Get*\"")), "is given twice");
        check(Identity, &one(&format!("{allow},\"NotAction\":\"s3:Get*\"")), "both `Action` and `NotAction`");
        check(
            Identity,
            &one(&format!("{allow},\"Condition\":{{\"StringEqual\":{{\"a:b\":\"c\"}}}}")),
            "`StringEqual` is not a condition operator",
        );
        check(
            Identity,
            &one(&format!("{allow},\"Condition\":{{\"IpAddress\":{{\"aws:SourceIp\":\"10.0.0.0/40\"}}}}")),
            "range of addresses",
        );
        check(
            Identity,
            &one(&format!("{allow},\"Condition\":{{\"Bool\":{{\"a:b\":\"yes\"}}}}")),
            "is not `true` or `false`",
        );
        check(
            Identity,
            &one(&format!("{allow},\"Condition\":{{\"StringLike\":{{\"a:b\":\"x\",\"A:B\":\"y\"}}}}")),
            "is given twice",
        );
        check(Identity, &one(&format!("{allow},\"Condition\":[]")), "`Condition` is an object");
        check(Resource, &one(allow), "has a `Principal`");
        check(
            Resource,
            &one(&format!("{allow},\"Principal\":{{\"AWS\":\"arn:aws:iam::111122223333:user/*\"}}")),
            "has a wildcard",
        );
        check(
            Resource,
            &one(&format!("{allow},\"Principal\":{{\"Aws\":\"*\"}}")),
            "`Aws` is no sort of principal",
        );
        check(
            Resource,
            &one(&format!("{allow},\"NotPrincipal\":{{\"AWS\":\"111122223333\"}}")),
            "not supported",
        );
        check(Trust, &one(&format!("{allow},\"Principal\":\"*\"")), "names no resource");
        check(ServiceControl, &one(&format!("{allow},\"Principal\":\"*\"")), "names no principals");
        check(
            ResourceControl,
            &one(&format!("{allow},\"Principal\":{{\"AWS\":\"111122223333\"}}")),
            "can only deny",
        );
        check(
            ResourceControl,
            &one("\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""),
            "names its service",
        );
        check(
            ResourceControl,
            &one("\"Effect\":\"Deny\",\"Principal\":\"*\",\"NotAction\":\"s3:*\",\"Resource\":\"*\""),
            "no `NotAction`",
        );
        check(Endpoint, &one(allow), "has a `Principal`");
    }

    #[test]
    fn nesting_without_end_is_a_diagnostic() {
        let text = format!("{{\"Statement\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(read(PolicyKind::Identity, &text).is_rejected);
    }

    #[test]
    fn the_policy_that_allows_all_resource_controls_is_accepted() {
        let text = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}";
        assert!(!read(PolicyKind::ResourceControl, text).is_rejected);
    }
}
