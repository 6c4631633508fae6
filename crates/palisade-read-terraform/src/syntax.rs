//! What a configuration says, before anything in it is evaluated: one form for native and JSON syntax.

use crate::mend::Renamed;
use crate::source::{Place, Source};
use hcl_edit::Span as _;
use hcl_edit::expr::{self as hcl, BinaryOperator, TraversalOperator, UnaryOperator};
use hcl_edit::structure as hcl_structure;
use hcl_edit::template as hcl_template;
use serde_json::Number;
use std::ops::Range;
use std::sync::Arc;

/// Attributes and blocks between two braces.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

/// `name = value`.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub name: Arc<str>,
    pub value: Arc<Expression>,
}

/// `kind "label" { … }`.
#[derive(Debug)]
pub(crate) struct Block {
    pub kind: Arc<str>,
    pub labels: Vec<Arc<str>>,
    /// The line that opens it, without its brace.
    pub header: Place,
    pub body: Body,
}

/// An expression and where it is written.
#[derive(Debug)]
pub(crate) struct Expression {
    pub kind: ExpressionKind,
    pub place: Place,
}

/// The forms of an expression.
#[derive(Debug)]
pub(crate) enum ExpressionKind {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    Template(Vec<Part>),
    List(Vec<Expression>),
    Object(Vec<(Expression, Expression)>),
    Name(Arc<str>),
    Traversal(Box<Expression>, Vec<Step>),
    Call {
        name: Arc<str>,
        arguments: Vec<Expression>,
        expands_last: bool,
    },
    Conditional(Box<[Expression; 3]>),
    Unary(UnaryOperator, Box<Expression>),
    Binary(BinaryOperator, Box<[Expression; 2]>),
    For(Box<For>),
    /// It could not be read.
    Unreadable(Arc<str>),
}

/// One step into a value.
#[derive(Debug)]
pub(crate) enum Step {
    Attribute(Arc<str>),
    Index(Expression),
    /// `.*`: only the attributes that follow belong to it.
    AttributeSplat,
    /// `[*]`: all that follows belongs to it.
    Splat,
}

/// `[for key, value in collection : result if condition]`.
#[derive(Debug)]
pub(crate) struct For {
    pub key: Option<Arc<str>>,
    pub value: Arc<str>,
    pub collection: Expression,
    pub result_key: Option<Expression>,
    pub result: Expression,
    pub condition: Option<Expression>,
    pub groups: bool,
}

/// A part of a template.
#[derive(Debug)]
pub(crate) enum Part {
    Literal(String),
    Value(Expression),
    If { condition: Expression, then: Vec<Part>, otherwise: Vec<Part> },
    For { key: Option<Arc<str>>, value: Arc<str>, collection: Expression, parts: Vec<Part> },
}

impl Body {
    /// The value of an attribute, when it is written.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Expression>> {
        self.attributes.iter().find(|attribute| &*attribute.name == name).map(|attribute| &attribute.value)
    }
    /// Takes over what another body says: its attributes, and its blocks in place of those of the same kind.
    pub fn override_with(&mut self, other: Self) {
        let replaced = |name: &Arc<str>| other.attributes.iter().any(|other| other.name == *name);
        self.attributes.retain(|attribute| !replaced(&attribute.name));
        self.blocks.retain(|block| !other.blocks.iter().any(|other| other.kind == block.kind));
        self.attributes.extend(other.attributes);
        self.blocks.extend(other.blocks);
    }
    /// The blocks of one kind.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind == kind)
    }
}

/// Turns hcl-edit's tree into ours. `base` is where the parsed text begins in its source.
pub(crate) struct Translator<'a> {
    pub source: &'a Arc<Source>,
    pub base: usize,
    /// The names in objects that stand for others.
    pub renamed: Renamed,
}

impl Translator<'_> {
    pub(crate) fn place(&self, span: Option<Range<usize>>, outer: &Place) -> Place {
        span.map_or_else(
            || outer.clone(),
            |span| Place::new(self.source, span.start + self.base, span.end + self.base),
        )
    }

    fn whole(&self) -> Place {
        Place::new(self.source, self.base, self.base)
    }

    pub fn body(&self, body: &hcl_structure::Body) -> Body {
        let mut result = Body::default();
        for structure in body {
            match structure {
                hcl_structure::Structure::Attribute(attribute) => {
                    let place = self.place(attribute.span(), &self.whole());
                    result.attributes.push(Attribute {
                        name: attribute.key.as_str().into(),
                        value: Arc::new(self.expression(&attribute.value, &place)),
                    });
                }
                hcl_structure::Structure::Block(block) => result.blocks.push(self.block(block)),
            }
        }
        result
    }

    fn block(&self, block: &hcl_structure::Block) -> Block {
        let place = self.place(block.span(), &self.whole());
        let end = crate::split::header_end(&self.source.text, place.start as usize);
        Block {
            kind: block.ident.as_str().into(),
            labels: block.labels.iter().map(|label| label.as_str().into()).collect(),
            header: Place::new(self.source, place.start as usize, end),
            body: self.body(&block.body),
        }
    }

    pub fn expression(&self, expression: &hcl::Expression, outer: &Place) -> Expression {
        let place = self.place(expression.span(), outer);
        let inner = |inner: &hcl::Expression| self.expression(inner, &place);
        let kind = match expression {
            hcl::Expression::Null(_) => ExpressionKind::Null,
            hcl::Expression::Bool(bool) => ExpressionKind::Bool(*bool.value()),
            hcl::Expression::Number(number) => {
                let number = translated_number(number.value());
                let is_negative_zero = number.as_f64() == Some(0.0) && place.quoted().starts_with('-');
                // Terraform's zero has a sign, which the parser drops.
                let negative_zero = is_negative_zero.then(|| Number::from_f64(-0.0)).flatten();
                ExpressionKind::Number(negative_zero.unwrap_or(number))
            }
            hcl::Expression::String(text) => ExpressionKind::Text(text.as_str().into()),
            hcl::Expression::Array(items) => ExpressionKind::List(items.iter().map(inner).collect()),
            hcl::Expression::Object(object) => ExpressionKind::Object(self.object(object, &place)),
            hcl::Expression::StringTemplate(template) => self.template(template, &place),
            hcl::Expression::HeredocTemplate(heredoc) => self.heredoc(&heredoc.template, &place),
            hcl::Expression::Parenthesis(parenthesis) => {
                return Expression { place: place.clone(), ..self.expression(parenthesis.inner(), &place) };
            }
            hcl::Expression::Variable(name) => ExpressionKind::Name(name.as_str().into()),
            hcl::Expression::Conditional(conditional) => ExpressionKind::Conditional(Box::new([
                inner(&conditional.cond_expr),
                inner(&conditional.true_expr),
                inner(&conditional.false_expr),
            ])),
            hcl::Expression::FuncCall(call) => self.call(call, &place),
            hcl::Expression::Traversal(traversal) => ExpressionKind::Traversal(
                Box::new(inner(&traversal.expr)),
                traversal.operators.iter().map(|operator| self.step(operator.value(), &place)).collect(),
            ),
            hcl::Expression::UnaryOp(operation) => {
                ExpressionKind::Unary(*operation.operator.value(), Box::new(inner(&operation.expr)))
            }
            hcl::Expression::BinaryOp(operation) => ExpressionKind::Binary(
                *operation.operator.value(),
                Box::new([inner(&operation.lhs_expr), inner(&operation.rhs_expr)]),
            ),
            hcl::Expression::ForExpr(each) => {
                ExpressionKind::For(Box::new(self.for_expression(each, &place)))
            }
        };
        Expression { kind, place }
    }

    fn object(&self, object: &hcl::Object, place: &Place) -> Vec<(Expression, Expression)> {
        let key = |key: &hcl::ObjectKey| match key {
            hcl::ObjectKey::Ident(name) => {
                Expression { kind: ExpressionKind::Text(name.as_str().into()), place: place.clone() }
            }
            hcl::ObjectKey::Expression(expression) => self.expression(expression, place),
        };
        let key = |name: &hcl::ObjectKey| {
            let key = key(name);
            match &key.kind {
                ExpressionKind::Text(name) if self.renamed.contains_key(&**name) => {
                    Expression { kind: ExpressionKind::Text(self.renamed[&**name].clone()), ..key }
                }
                _ => key,
            }
        };
        object.iter().map(|(name, value)| (key(name), self.expression(value.expr(), place))).collect()
    }

    fn call(&self, call: &hcl::FuncCall, place: &Place) -> ExpressionKind {
        let mut name = String::new();
        for part in &call.name.namespace {
            name.push_str(part.as_str());
            name.push_str("::");
        }
        name.push_str(call.name.name.as_str());
        ExpressionKind::Call {
            // `core::join` is the same as `join`.
            name: name.strip_prefix("core::").unwrap_or(&name).into(),
            arguments: call.args.iter().map(|argument| self.expression(argument, place)).collect(),
            expands_last: call.args.expand_final(),
        }
    }

    fn step(&self, operator: &TraversalOperator, place: &Place) -> Step {
        match operator {
            TraversalOperator::AttrSplat(_) => Step::AttributeSplat,
            TraversalOperator::FullSplat(_) => Step::Splat,
            TraversalOperator::GetAttr(name) => Step::Attribute(name.as_str().into()),
            TraversalOperator::Index(index) => Step::Index(self.expression(index, place)),
            TraversalOperator::LegacyIndex(index) => Step::Index(Expression {
                kind: ExpressionKind::Number((*index.value()).into()),
                place: place.clone(),
            }),
        }
    }

    fn for_expression(&self, each: &hcl::ForExpr, place: &Place) -> For {
        let inner = |inner: &hcl::Expression| self.expression(inner, place);
        For {
            key: each.intro.key_var.as_ref().map(|name| name.as_str().into()),
            value: each.intro.value_var.as_str().into(),
            collection: inner(&each.intro.collection_expr),
            result_key: each.key_expr.as_ref().map(inner),
            result: inner(&each.value_expr),
            condition: each.cond.as_ref().map(|condition| inner(&condition.expr)),
            groups: each.grouping,
        }
    }
}

fn translated_number(number: &hcl_edit::Number) -> Number {
    if let Some(whole) = number.as_i64() {
        return whole.into();
    }
    if let Some(whole) = number.as_u64() {
        return whole.into();
    }
    number.as_f64().and_then(crate::value::number).unwrap_or_else(|| 0.into())
}

/// A JSON string as Terraform reads it: a template.
pub(crate) fn template_in_text(text: &Arc<str>, origin: &palisade_model::Origin) -> Expression {
    let source = Arc::new(Source::within(origin, text.to_string()));
    let place = Place::new(&source, 0, text.len());
    if !text.contains("${") && !text.contains("%{") {
        return Expression { kind: ExpressionKind::Text(text.clone()), place };
    }
    let kind = match text.parse::<hcl_template::Template>() {
        Ok(template) => {
            Translator { source: &source, base: 0, renamed: Renamed::new() }.whole_template(&template, &place)
        }
        Err(error) => ExpressionKind::Unreadable(error.message().into()),
    };
    Expression { kind, place }
}

/// The template that a file is.
pub(crate) fn template_parts(text: &str, file: &Arc<str>) -> Result<Vec<Part>, String> {
    if crate::split::widest_in_template(text) > crate::module::WIDEST {
        return Err("there are too many lines or items between two braces".to_owned());
    }
    let source = Arc::new(Source::new(file, text.to_owned()));
    let template: hcl_template::Template = text.parse().map_err(|error: hcl_edit::parser::Error| {
        let location = error.location();
        format!("{}:{}: {}", location.line(), location.column(), error.message().replace('\n', " "))
    })?;
    let place = Place::new(&source, 0, text.len());
    Ok(
        match (Translator { source: &source, base: 0, renamed: Renamed::new() })
            .whole_template(&template, &place)
        {
            ExpressionKind::Template(parts) => parts,
            ExpressionKind::Text(text) => vec![Part::Literal(text.to_string())],
            _ => Vec::new(),
        },
    )
}

/// One expression on its own, as a variable's value on the command line is.
pub(crate) fn expression_in_text(text: &str, source: &Arc<Source>) -> Result<Expression, String> {
    let parsed: hcl::Expression =
        text.trim().parse().map_err(|error: hcl_edit::parser::Error| error.message().to_owned())?;
    let place = Place::new(source, 0, source.text.len());
    Ok(Translator { source, base: 0, renamed: Renamed::new() }.expression(&parsed, &place))
}
