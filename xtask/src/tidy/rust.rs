//! Reads just enough of Rust to tell code from comments, texts and tests.

/// The source with comments and the insides of texts blanked; lines stay where they are.
pub fn code(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let (length, keep) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (text(rest), false),
            'r' | 'b' | 'c' if !ends_in_word(&code) && raw_text(rest).is_some() => {
                (raw_text(rest).unwrap_or(1), false)
            }
            '\'' => match character(rest) {
                Some(length) => (length, false),
                None => (1, true),
            },
            other => (other.len_utf8(), true),
        };
        let (token, after) = rest.split_at(length);
        if keep {
            code.push_str(token);
        } else {
            code.extend(token.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn block_comment(source: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < source.len() {
        let rest = &source[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    source.len()
}

fn text(source: &str) -> usize {
    let mut escaped = false;
    for (at, character) in source.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    source.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`; none where it is something else that begins so.
fn raw_text(source: &str) -> Option<usize> {
    let after = source.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let start = source.len() - after.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(source[start..].find(&end).map_or(source.len(), |at| start + at + end.len()))
}

/// `'x'` or `'\n'`; none for a lifetime.
fn character(source: &str) -> Option<usize> {
    let mut characters = source.char_indices().skip(1);
    match characters.next()? {
        (_, '\\') => source[3..].find('\'').map(|at| at + 4),
        _ => characters.next().filter(|(_, next)| *next == '\'').map(|(at, _)| at + 1),
    }
}

/// The code with what stands under `#[cfg(test)]` blanked.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let Some(start) = code.find(MARK) else {
        return code.to_owned();
    };
    let (before, item) = code.split_at(start);
    let (item, after) = item.split_at(MARK.len() + item_length(&item[MARK.len()..]));
    let lines = "\n".repeat(item.matches('\n').count());
    format!("{before}{lines}{}", without_tests(after))
}

/// The modules that `#[cfg(test)] mod name;` keeps in files of their own.
pub fn test_modules(code: &str) -> Vec<&str> {
    let marked = code.split("#[cfg(test)]").skip(1);
    let declared = marked.filter_map(|item| item.trim_start().strip_prefix("mod ")?.split_once(';'));
    declared.map(|(name, _)| name).filter(|name| name.chars().all(is_word)).collect()
}

/// To the end of an item: its closing brace, or its semicolon where it has no body.
fn item_length(code: &str) -> usize {
    let (mut braces, mut others) = (0, 0);
    for (at, character) in code.char_indices() {
        match character {
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            '{' => braces += 1,
            '}' if braces == 1 => return at + 1,
            '}' => braces -= 1,
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The words that follow a path's beginning, each with its line: `a` in `std::a::b`, `a` and `b` in `std::{a, b::c}`.
pub fn words_after<'a>(code: &'a str, beginning: &str) -> Vec<(usize, &'a str)> {
    let places = code.match_indices(beginning).filter(|(at, _)| !ends_in_word(&code[..*at]));
    places
        .flat_map(|(at, _)| {
            let start = at + beginning.len();
            match code[start..].strip_prefix('{') {
                Some(group) => parts(group).into_iter().map(|part| start + 1 + part).collect(),
                None => vec![start],
            }
        })
        .map(|at| (1 + code[..at].matches('\n').count(), first_word(&code[at..])))
        .collect()
}

/// Where the parts of a group begin: after its opening brace and after each comma that is its own.
fn parts(group: &str) -> Vec<usize> {
    let (mut depth, mut begins) = (0, vec![0]);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins.push(at + 1),
            _ => {}
        }
    }
    let spaces = |at: usize| group[at..].len() - group[at..].trim_start().len();
    begins.into_iter().map(|at| at + spaces(at)).collect()
}

fn first_word(text: &str) -> &str {
    text.split(|character| !is_word(character)).next().unwrap_or_default()
}

/// Whether a path or a name stands in the line, as a whole.
pub fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        !ends_in_word(&line[..at]) && !line[at + path.len()..].chars().next().is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let words: Vec<String> = code(source).split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.join(" "), expected, "{source}");
        assert_eq!(code(source).lines().count(), source.lines().count(), "{source}");
    }

    #[test]
    fn comments_and_texts_are_blanked_and_code_is_kept() {
        check("a // b\nc", "a c");
        check("a /* b /* c */ d */ e", "a e");
        check(r#"a "b \" c" d"#, "a d");
        check("a r#\"b \" c\"# d", "a d");
        check("a b\"x\" br\"y\" d", "a b d");
        check("a '\"' 'x' '\\'' '\\u{1F600}' d", "a d");
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("\"not closed", "");
        check("/* not closed", "");
        check("number r = for_r\"\"", "number r = for_r");
    }

    #[test]
    fn modules_for_tests_are_known_by_name() {
        let modules = "#[cfg(test)]\nmod random;\nmod own;\n#[cfg(test)]\nmod tests {\n    use a;\n}\n";
        assert_eq!(test_modules(modules), ["random"]);
    }

    #[test]
    fn an_item_for_tests_ends_where_it_ends() {
        let without = |code: &str| without_tests(code).split_whitespace().collect::<String>();
        assert_eq!(without("a #[cfg(test)] mod t { fn f() { } } b"), "ab");
        assert_eq!(without("a #[cfg(test)] use x; b"), "ab");
        assert_eq!(without("a #[cfg(test)] fn f() -> [u8; 2] { g() } b"), "ab");
        assert_eq!(without("a #[cfg(test)] #[derive(A)] struct S { x: u8 } b"), "ab");
    }
}
