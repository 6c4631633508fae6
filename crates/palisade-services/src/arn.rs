//! Whether a text has a form in which `${…}` stands for what varies.

/// Whether `text` is `form` with each `${…}` filled in by at least one character.
///
/// A placeholder stays within its colon-separated field, except in the last one, whose colons and slashes are part of names
/// (`log-group:${Name}`, `key/${Path}`). Time is at most the product of the two lengths.
pub(crate) fn matches(form: &str, text: &str) -> bool {
    let mut literals = Vec::new();
    let mut rest = form;
    let mut ends_open = false;
    while let Some(start) = rest.find("${") {
        literals.push(&rest[..start]);
        rest = rest[start..].find('}').map_or("", |end| &rest[start + end + 1..]);
        ends_open = rest.is_empty();
    }
    literals.push(rest);
    let Some(mut left) = text.strip_prefix(literals[0]) else {
        return false;
    };
    let last = literals.len() - 1;
    for (place, literal) in literals.iter().enumerate().skip(1) {
        if place == last {
            // Several placeholders may touch the end; what is left must hold one character for the last of them.
            return if ends_open {
                !left.is_empty()
            } else {
                left.len() > literal.len() && left.ends_with(literal)
            };
        }
        let mut inner = left.char_indices().skip(1).map(|(at, _)| at);
        let Some(at) = inner.find(|at| left[*at..].starts_with(literal)) else {
            return false;
        };
        left = &left[at + literal.len()..];
    }
    left.is_empty()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[track_caller]
    fn check(form: &str, text: &str, expected: bool) {
        assert_eq!(matches(form, text), expected, "{form} and {text}");
    }

    #[test]
    fn what_varies_is_anything_but_nothing() {
        check("arn:${Partition}:s3:::${Bucket}", "arn:aws:s3:::films", true);
        check("arn:${Partition}:s3:::${Bucket}", "arn:aws-cn:s3:::films", true);
        check("arn:${Partition}:s3:::${Bucket}", "arn:aws:s3:::", false);
        check("arn:${Partition}:s3:::${Bucket}/${Key}", "arn:aws:s3:::films", false);
        check("arn:${Partition}:s3:::${Bucket}/${Key}", "arn:aws:s3:::films/a/b", true);
        check("arn:${Partition}:kms:${Region}:${Account}:key/${Id}", "arn:aws:kms:eu-west-1:1:key/x", true);
        check(
            "arn:${Partition}:kms:${Region}:${Account}:key/${Id}",
            "arn:aws:kms:eu-west-1:1:alias/x",
            false,
        );
        check("arn:${Partition}:x:${R}:${A}:thing/${N}/end", "arn:aws:x:r:a:thing/n/end", true);
        check("arn:${Partition}:x:${R}:${A}:thing/${N}/end", "arn:aws:x:r:a:thing/n/tail", false);
        check("aws:resourcetag/${tagkey}", "aws:resourcetag/team", true);
        check("*", "*", true);
        check("plain", "plainer", false);
    }
}
