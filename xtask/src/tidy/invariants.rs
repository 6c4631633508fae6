//! Holds the invariants in ARCHITECTURE.md to the tests that they name.

const HEADING: &str = "## Invariants";

/// What is wrong with the invariants. `source` gives all the Rust of a crate, by the name that code uses for it.
pub fn problems(architecture: &str, source: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let items = items(architecture);
    if items.is_empty() {
        return vec![format!("ARCHITECTURE.md: no numbered list under `{HEADING}`")];
    }
    items.iter().flat_map(|item| problems_of_item(item, source)).collect()
}

/// The numbered items under the heading, each as one line.
fn items(architecture: &str) -> Vec<String> {
    let section = architecture.lines().skip_while(|line| *line != HEADING).skip(1);
    let mut items: Vec<String> = Vec::new();
    for line in section.take_while(|line| !line.starts_with("## ")) {
        let number = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok());
        match (number, items.last_mut()) {
            (Some(_), _) => items.push(line.to_owned()),
            (None, Some(item)) if line.starts_with(' ') => {
                item.push(' ');
                item.push_str(line.trim());
            }
            _ => {}
        }
    }
    items
}

fn problems_of_item(item: &str, source: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let number = item.split('.').next().unwrap_or_default();
    let paths = held_by(item);
    if paths.is_empty() {
        return vec![format!(
            "ARCHITECTURE.md: invariant {number} names no test: say (held by `crate::path::test`)"
        )];
    }
    let problem = |path: &&str| {
        let (crate_name, name) = (path.split("::").next()?, path.rsplit("::").next()?);
        let reason = match source(crate_name) {
            None => format!("there is no crate `{crate_name}`"),
            Some(source) if !source.contains(&format!("fn {name}(")) => format!("there is no `{name}` in it"),
            Some(_) => return None,
        };
        Some(format!("ARCHITECTURE.md: invariant {number} is held by `{path}`, but {reason}"))
    };
    paths.iter().filter_map(problem).collect()
}

/// The paths in `(held by `a::b`, `c::d`)`.
fn held_by(item: &str) -> Vec<&str> {
    let groups = item.split("(held by ").skip(1).filter_map(|rest| rest.split(')').next());
    groups.flat_map(|group| group.split('`').skip(1).step_by(2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(invariants: &str, expected: &str) {
        let source =
            |name: &str| (name == "palisade_a").then(|| "fn it_holds() {} fn it_does_too() {}".to_owned());
        let told =
            problems(&format!("# A\n\n## Invariants\n\n{invariants}\n\n## More\n\n9. Else.\n"), &source)
                .join("\n");
        assert!(if expected.is_empty() { told.is_empty() } else { told.contains(expected) }, "{told}");
    }

    #[test]
    fn an_invariant_with_its_test_is_silent() {
        check("1. One. (held by `palisade_a::m::tests::it_holds`)", "");
        check(
            "1. One,\n   on two lines. (held by\n   `palisade_a::it_holds`,\n   `palisade_a::it_does_too`)\n2. Two. (held by `palisade_a::it_holds`)",
            "",
        );
    }

    #[test]
    fn an_invariant_without_a_test_is_told() {
        check("1. One.", "invariant 1 names no test");
        check("1. One. (held by `palisade_a::gone`)", "there is no `gone` in it");
        check(
            "1. One. (held by `palisade_a::it_holds`, `palisade_b::it_holds`)",
            "there is no crate `palisade_b`",
        );
        check("1. One. (held by `palisade_a::it_holds`)\n2. Two.", "invariant 2 names no test");
        check("No list.", "no numbered list");
    }
}
