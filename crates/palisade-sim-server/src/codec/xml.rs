//! XML, as far as requests hold it and answers need it.

/// An element.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

const DEPTH_MAX: usize = 64;

impl Element {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    pub(crate) fn with_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), ..Self::default() }
    }

    /// The element as it is sent.
    pub(crate) fn write(&self, into: &mut String) {
        into.push('<');
        into.push_str(&self.name);
        for (name, value) in &self.attributes {
            into.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        into.push('>');
        into.push_str(&escaped(&self.text));
        self.children.iter().for_each(|child| child.write(into));
        into.push_str("</");
        into.push_str(&self.name);
        into.push('>');
    }
}

fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\r' => all.push_str("&#13;"),
            other => all.push(other),
        }
    }
    all
}

/// The root of a document; nothing where it is broken.
pub(crate) fn read(text: &str) -> Option<Element> {
    let start = text.find('<')?;
    let mut rest = &text[start..];
    while let Some(after) = rest.strip_prefix("<?") {
        rest = after.split_once("?>")?.1.trim_start();
    }
    element(&mut rest, 0)
}

fn element(rest: &mut &str, depth: usize) -> Option<Element> {
    if depth > DEPTH_MAX {
        return None;
    }
    let inside = rest.strip_prefix('<')?;
    let (tag, after) = inside.split_once('>')?;
    let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let name = tag.split_whitespace().next()?;
    let mut found = Element::new(local(name));
    let mut written = tag[name.len()..].trim();
    while let Some((name, value)) = written.split_once('=') {
        let (value, left) = value.trim_start().strip_prefix('"')?.split_once('"')?;
        found.attributes.push((local(name.trim()).to_owned(), plain(value)));
        written = left.trim_start();
    }
    *rest = after;
    if is_empty {
        return Some(found);
    }
    loop {
        let at = rest.find('<')?;
        found.text.push_str(&plain(&rest[..at]));
        *rest = &rest[at..];
        if let Some(closing) = rest.strip_prefix("</") {
            let (name, after) = closing.split_once('>')?;
            *rest = after;
            if !found.children.is_empty() {
                found.text.clear();
            }
            return (local(name.trim()) == found.name).then_some(found);
        }
        found.children.push(element(rest, depth + 1)?);
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn plain(text: &str) -> String {
    let mut all = String::new();
    let mut parts = text.split('&');
    all.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, after) = part.split_once(';').unwrap_or((part, ""));
        let code = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
        let letter = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix("#x") {
                Some(digits) => code(digits, 16),
                None => name.strip_prefix('#').and_then(|digits| code(digits, 10)),
            },
        };
        all.extend(letter);
        all.push_str(after);
    }
    all
}
