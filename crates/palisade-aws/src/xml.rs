//! A small reader and writer of XML, as AWS's services use it: no document types, and bounded in depth and number.

use crate::NESTING_MAX;

/// More elements than an answer of a service holds.
const ELEMENTS_MAX: usize = 2_000_000;

/// An element, its names without prefixes.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
    /// What stands before the first child.
    pub(crate) text: String,
}

impl Node {
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Reads a document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the XML is not UTF-8".to_owned())?;
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut count = 0;
    while !rest.is_empty() {
        let (before, markup) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        add_text(&mut open, before)?;
        if markup.is_empty() {
            break;
        }
        if let Some(after) = markup.strip_prefix("<!--") {
            rest = after_mark(after, "-->")?;
        } else if let Some(after) = markup.strip_prefix("<![CDATA[") {
            let (data, _) = after.split_once("]]>").ok_or("a CDATA section does not end")?;
            if let Some(node) = open.last_mut().filter(|node| node.children.is_empty()) {
                node.text.push_str(data);
            }
            rest = &after[data.len() + 3..];
        } else if let Some(after) = markup.strip_prefix("<?") {
            rest = after_mark(after, "?>")?;
        } else if markup.starts_with("<!") {
            return Err("the XML declares a document type".to_owned());
        } else if let Some(after) = markup.strip_prefix("</") {
            let (name, after) = after.split_once('>').ok_or("an element does not end")?;
            close(&mut open, &mut root, local(name.trim_end()))?;
            rest = after;
        } else {
            count += 1;
            if count > ELEMENTS_MAX {
                return Err(format!("the XML has more than {ELEMENTS_MAX} elements"));
            }
            if root.is_some() {
                return Err("the XML has more than one root".to_owned());
            }
            if open.len() >= NESTING_MAX {
                return Err(format!("the XML nests deeper than {NESTING_MAX} levels"));
            }
            let (node, closed, after) = tag(&markup[1..])?;
            let name = node.name.clone();
            open.push(node);
            if closed {
                close(&mut open, &mut root, &name)?;
            }
            rest = after;
        }
    }
    match open.last() {
        Some(node) => Err(format!("the XML ends within `{}`", node.name)),
        None => root.ok_or_else(|| "there is no element".to_owned()),
    }
}

fn after_mark<'a>(text: &'a str, mark: &str) -> Result<&'a str, String> {
    text.split_once(mark).map(|(_, after)| after).ok_or_else(|| format!("`{mark}` is missing"))
}

fn add_text(open: &mut [Node], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(node) if node.children.is_empty() => node.text.push_str(&unescape(text)?),
        None if !text.trim().is_empty() => return Err("text stands outside of the root".to_owned()),
        _ => {}
    }
    Ok(())
}

fn close(open: &mut Vec<Node>, root: &mut Option<Node>, name: &str) -> Result<(), String> {
    let node = open.pop().filter(|node| node.name == name);
    let node = node.ok_or_else(|| format!("`</{name}>` closes what is not open"))?;
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None => *root = Some(node),
    }
    Ok(())
}

/// What stands after `<`: the element, whether it ends at once, and the rest.
fn tag(text: &str) -> Result<(Node, bool, &str), String> {
    let end = text.find(|letter: char| letter.is_whitespace() || letter == '>' || letter == '/');
    let (name, mut rest) = text.split_at(end.ok_or("an element does not end")?);
    if name.is_empty() || name.contains(['<', '=', '"', '&']) {
        return Err("an element has no name".to_owned());
    }
    let mut node = Node { name: local(name).to_owned(), ..Node::default() };
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((node, false, after));
        }
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((node, true, after));
        }
        let (name, after) = rest.split_once('=').ok_or("an attribute has no value")?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| ['"', '\''].contains(quote));
        let quote = quote.ok_or("the value of an attribute is not quoted")?;
        let (value, after) = after[1..].split_once(quote).ok_or("the value of an attribute does not end")?;
        if name.contains(['<', '>']) {
            return Err("an attribute has no value".to_owned());
        }
        node.attributes.push((local(name.trim_end()).to_owned(), unescape(value)?));
        rest = after;
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';').ok_or("an entity does not end")?;
        let known = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => number.parse().ok().and_then(char::from_u32),
            }),
        };
        plain.push(known.ok_or("an entity is not known")?);
        rest = after;
    }
    plain.push_str(rest);
    Ok(if plain.contains('\r') { plain.replace("\r\n", "\n").replace('\r', "\n") } else { plain })
}

/// Text for the inside of an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#xD;"),
            '\n' => escaped.push_str("&#xA;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        fn shown(node: &Node) -> String {
            let attributes: String =
                node.attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let children: Vec<String> = node.children.iter().map(shown).collect();
            format!("{}{attributes}[{}]({})", node.name, node.text, children.join(","))
        }
        let told = parse(text.as_bytes()).map_or_else(|error| error, |node| shown(&node));
        assert!(told.contains(expected), "{text}: {told}");
    }

    #[test]
    fn elements_attributes_and_text_are_read() {
        check("<a/>", "a[]()");
        check("<?xml version='1.0'?>\n<a x='1'>t<b>u</b>v</a>\n", "a x=1[t](b[u]())");
        check("<s:a xmlns:s=\"u\" s:type=\"g\"><s:b/></s:a>", "a s=u type=g[](b[]())");
        check("<a>&lt;&#65;&#x42;&amp;<!-- no --><![CDATA[<c>]]></a>", "a[<AB&<c>]()");
    }

    #[test]
    fn what_is_broken_is_told() {
        check("", "no element");
        check("<a", "does not end");
        check("<a>", "ends within `a`");
        check("<a></b>", "closes what is not open");
        check("<a/><b/>", "more than one root");
        check("<a x=1/>", "not quoted");
        check("<a>&nope;</a>", "not known");
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "document type");
        check("plain", "outside of the root");
        check(&"<a>".repeat(10_000), "nests deeper");
    }
}
