//! Patterns in which `*` stands for anything.

/// Does a text fit a pattern in which `*` stands for anything?
pub fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = id.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Does a path, or a folder above it, fit a pattern?
pub(crate) fn matches_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    pattern == "." || matches(pattern, path) || matches(&format!("{pattern}/*"), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, id, expected) in [
            ("aws/s3/acl", "aws/s3/acl", true),
            ("aws/s3/acl", "aws/s3/acl-open", false),
            ("aws/s3/*", "aws/s3/acl", true),
            ("*/acl", "aws/s3/acl", true),
            ("aws/*/a*l", "aws/s3/acl", true),
            ("aws/*/b*l", "aws/s3/acl", false),
            ("*", "anything", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }

    #[test]
    fn a_path_fits_by_itself_or_by_a_folder_above() {
        for (pattern, path, expected) in [
            ("infra/main.tf", "infra/main.tf", true),
            ("infra", "infra/main.tf", true),
            ("./infra/", "infra/a/main.tf", true),
            ("infra/**", "infra/a/main.tf", true),
            ("**/main.tf", "infra/main.tf", true),
            ("inf", "infra/main.tf", false),
            ("*.yaml", "infra/main.tf", false),
            (".", "infra/main.tf", true),
        ] {
            assert_eq!(matches_path(pattern, path), expected, "{pattern} {path}");
        }
    }
}
