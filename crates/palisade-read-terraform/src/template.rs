//! Templates: which whitespace their strip markers and heredocs take away, exactly as HCL's own parser does.
//!
//! HCL reads a heredoc line by line: a strip marker (`~`) takes away whitespace of its own line only, and `<<-`
//! looks at the lines that begin with text after that. So it is not enough to dedent the text as a whole.

use crate::source::Place;
use crate::syntax::{ExpressionKind, Part, Translator};
use hcl_edit::template::{Directive, Element, Template};
use hcl_edit::{Span as _, Spanned};

/// How the literal parts of one template are written.
struct Literals {
    is_heredoc: bool,
    /// Is the indentation that all lines share taken away?
    dedents: bool,
    /// Does the next part begin a line?
    starts_line: bool,
    /// The least indentation of a line.
    least: usize,
}

impl Translator<'_> {
    /// A template between quotes.
    pub fn template(&self, template: &Template, place: &Place) -> ExpressionKind {
        let mut literals = Literals { is_heredoc: false, dedents: false, starts_line: true, least: 0 };
        self.joined(template, &mut literals, place)
    }

    /// A text that is a template from end to end: as a heredoc, it is read line by line.
    pub fn whole_template(&self, template: &Template, place: &Place) -> ExpressionKind {
        let mut literals = Literals { is_heredoc: true, dedents: false, starts_line: true, least: 0 };
        self.joined(template, &mut literals, place)
    }

    /// A template that is a heredoc.
    pub fn heredoc(&self, template: &Template, place: &Place) -> ExpressionKind {
        let written = &self.source.text[place.start as usize..place.end as usize];
        let mut literals = Literals {
            is_heredoc: true,
            dedents: written.starts_with("<<-"),
            starts_line: true,
            least: usize::MAX,
        };
        if literals.dedents {
            self.measure(template, (false, false), &mut literals);
            literals.starts_line = true;
        }
        self.joined(template, &mut literals, place)
    }

    fn joined(&self, template: &Template, literals: &mut Literals, place: &Place) -> ExpressionKind {
        let parts = self.parts(template, (false, false), literals, place);
        match parts.as_slice() {
            [] => ExpressionKind::Text("".into()),
            [Part::Literal(text)] => ExpressionKind::Text(text.as_str().into()),
            _ => ExpressionKind::Template(parts),
        }
    }

    /// Finds the least indentation.
    fn measure(&self, template: &Template, strips: (bool, bool), literals: &mut Literals) {
        let elements: Vec<&Element> = template.iter().collect();
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    literals.measure(&self.written(text, literals), strips_around(&elements, at, strips));
                }
                Element::Interpolation(_) => literals.mark(),
                Element::Directive(directive) => {
                    literals.mark();
                    for (inner, strips) in templates_in(directive) {
                        self.measure(inner, strips, literals);
                        literals.mark();
                    }
                }
            }
        }
    }

    /// The parts of a template; `strips` says whether the markers around it strip its two ends (`~`).
    fn parts(
        &self,
        template: &Template,
        strips: (bool, bool),
        literals: &mut Literals,
        place: &Place,
    ) -> Vec<Part> {
        let elements: Vec<&Element> = template.iter().collect();
        let mut parts = Vec::with_capacity(elements.len());
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(text) => {
                    let text = literals
                        .stripped(&self.written(text, literals), strips_around(&elements, at, strips));
                    if !text.is_empty() {
                        parts.push(Part::Literal(text));
                    }
                }
                Element::Interpolation(value) => {
                    literals.starts_line = false;
                    parts.push(Part::Value(self.expression(&value.expr, place)));
                }
                Element::Directive(directive) => parts.push(self.directive(directive, literals, place)),
            }
        }
        parts
    }

    fn directive(&self, directive: &Directive, literals: &mut Literals, place: &Place) -> Part {
        let mut inner = Vec::new();
        literals.starts_line = false;
        for (template, strips) in templates_in(directive) {
            inner.push(self.parts(template, strips, literals, place));
            literals.starts_line = false;
        }
        let mut inner = inner.into_iter();
        let mut next = || inner.next().unwrap_or_default();
        match directive {
            Directive::If(choice) => Part::If {
                condition: self.expression(&choice.if_expr.cond_expr, place),
                then: next(),
                otherwise: next(),
            },
            Directive::For(each) => Part::For {
                key: each.for_expr.key_var.as_ref().map(|name| name.as_str().into()),
                value: each.for_expr.value_var.as_str().into(),
                collection: self.expression(&each.for_expr.collection_expr, place),
                parts: next(),
            },
        }
    }

    /// A literal part before the parser dedented it.
    fn written(&self, text: &Spanned<String>, literals: &Literals) -> String {
        let range = text
            .span()
            .filter(|_| literals.dedents)
            .and_then(|span| self.source.text.get(span.start + self.base..span.end + self.base));
        match range {
            Some(written) => written.replace("$${", "${").replace("%%{", "%{"),
            None => text.as_str().to_owned(),
        }
    }
}

impl Literals {
    /// Something other than text stands here: a line that begins with it has no indentation.
    fn mark(&mut self) {
        if self.starts_line {
            self.least = 0;
        }
        self.starts_line = false;
    }

    fn measure(&mut self, text: &str, strips: (bool, bool)) {
        for line in lines(text, strips) {
            if self.starts_line && !is_blank(line) {
                self.least = self.least.min(indentation(line).chars().count());
            }
            self.starts_line = line.ends_with('\n');
        }
    }

    fn stripped(&mut self, text: &str, strips: (bool, bool)) -> String {
        if !self.is_heredoc {
            let text = if strips.0 { text.trim_start() } else { text };
            let text = if strips.1 { text.trim_end() } else { text };
            return text.to_owned();
        }
        let mut result = String::with_capacity(text.len());
        for line in lines(text, strips) {
            if self.dedents && self.starts_line && !is_blank(line) {
                let indentation = indentation(line);
                result.extend(indentation.chars().skip(self.least));
                result.push_str(&line[indentation.len()..]);
            } else {
                result.push_str(line);
            }
            self.starts_line = line.ends_with('\n');
        }
        result
    }
}

/// The lines of a literal part, the first and last stripped where a marker says so.
fn lines(text: &str, strips: (bool, bool)) -> impl Iterator<Item = &str> {
    let count = text.split_inclusive('\n').count();
    text.split_inclusive('\n').enumerate().map(move |(at, line)| {
        let line = if at == 0 && strips.0 { line.trim_start() } else { line };
        if at + 1 == count && strips.1 { line.trim_end() } else { line }
    })
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn is_blank(line: &str) -> bool {
    line.ends_with('\n') && line.trim_start().is_empty()
}

/// The templates inside of a directive, and whether the markers around each strip its ends.
fn templates_in(directive: &Directive) -> Vec<(&Template, (bool, bool))> {
    match directive {
        Directive::If(choice) => {
            let start = choice.if_expr.strip.strip_end();
            let end = choice.endif_expr.strip.strip_start();
            match &choice.else_expr {
                None => vec![(&choice.if_expr.template, (start, end))],
                Some(otherwise) => vec![
                    (&choice.if_expr.template, (start, otherwise.strip.strip_start())),
                    (&otherwise.template, (otherwise.strip.strip_end(), end)),
                ],
            }
        }
        Directive::For(each) => {
            let strips = (each.for_expr.strip.strip_end(), each.endfor_expr.strip.strip_start());
            vec![(&each.for_expr.template, strips)]
        }
    }
}

/// Does the marker before an element strip its start, and the one after it its end?
fn strips_around(elements: &[&Element], at: usize, outer: (bool, bool)) -> (bool, bool) {
    let before = match at.checked_sub(1) {
        Some(before) => strips_after(elements[before]),
        None => outer.0,
    };
    let after = match elements.get(at + 1) {
        Some(after) => strips_before(after),
        None => outer.1,
    };
    (before, after)
}

fn strips_before(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(value) => value.strip.strip_start(),
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => choice.if_expr.strip.strip_start(),
            Directive::For(each) => each.for_expr.strip.strip_start(),
        },
    }
}

fn strips_after(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(value) => value.strip.strip_end(),
        Element::Directive(directive) => match &**directive {
            Directive::If(choice) => choice.endif_expr.strip.strip_end(),
            Directive::For(each) => each.endfor_expr.strip.strip_end(),
        },
    }
}
