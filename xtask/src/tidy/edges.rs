//! Holds the edges between our crates to the table in ARCHITECTURE.md.

use crate::workspace::Package;
use std::collections::{BTreeMap, BTreeSet};

const HEADER: [&str; 3] = ["crate", "what it is", "may depend on"];

/// A crate's edges: the crates of ours it names, and whether only its tests do.
type Edges = BTreeSet<(String, bool)>;

/// What the table and the manifests say differently.
pub fn problems(architecture: &str, packages: &[Package]) -> Vec<String> {
    let listed = match table(architecture) {
        Ok(listed) => listed,
        Err(problem) => return vec![problem],
    };
    let actual = actual(packages);
    let mut problems = Vec::new();
    for (name, edges) in &actual {
        let Some(allowed) = listed.get(name) else {
            problems.push(format!("ARCHITECTURE.md: `{name}` has no row in the table of crates; add it"));
            continue;
        };
        problems.extend(edges.difference(allowed).map(|edge| {
            let edge = shown(edge);
            format!("ARCHITECTURE.md: `{name}` depends on `{edge}`, which its row does not list; a new edge is discussed first")
        }));
        problems.extend(allowed.difference(edges).map(|edge| {
            let edge = shown(edge);
            format!("ARCHITECTURE.md: the row of `{name}` lists `{edge}`, which it does not depend on; take it out")
        }));
    }
    let gone = listed.keys().filter(|name| !actual.contains_key(*name));
    problems
        .extend(gone.map(|name| format!("ARCHITECTURE.md: `{name}` has a row but is no crate; take it out")));
    problems
}

fn shown((name, for_tests_only): &(String, bool)) -> String {
    format!("{name}{}", if *for_tests_only { " (tests)" } else { "" })
}

/// Our crates by their short names, `palisade-` left out.
fn actual(packages: &[Package]) -> BTreeMap<String, Edges> {
    let short = |name: &str| name.strip_prefix("palisade-").unwrap_or(name).to_owned();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let edges = |package: &Package| {
        let of_ours =
            package.dependencies.iter().filter(|dependency| ours.contains(dependency.name.as_str()));
        let edges: Edges =
            of_ours.map(|dependency| (short(&dependency.name), dependency.for_tests_only)).collect();
        // An edge that the crate has anyway is not one of its tests' only.
        edges
            .iter()
            .filter(|(name, tests)| !tests || !edges.contains(&(name.clone(), false)))
            .cloned()
            .collect()
    };
    packages.iter().map(|package| (short(&package.name), edges(package))).collect()
}

fn table(architecture: &str) -> Result<BTreeMap<String, Edges>, String> {
    let mut rows = architecture.lines().map(cells).skip_while(|cells| *cells != HEADER);
    if rows.next().is_none() {
        return Err(format!("ARCHITECTURE.md: no table with the header `| {} |`", HEADER.join(" | ")));
    }
    rows.skip(1).take_while(|cells| !cells.is_empty()).map(row).collect()
}

fn row(cells: Vec<&str>) -> Result<(String, Edges), String> {
    let [name, _, edges] = cells[..] else {
        return Err(format!("ARCHITECTURE.md: the row `{}` does not have three cells", cells.join(" | ")));
    };
    let names = edges.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "nothing");
    let edge = |name: &str| match name.strip_suffix(" (tests)") {
        Some(name) => (plain(name), true),
        None => (plain(name), false),
    };
    Ok((plain(name), names.map(edge).collect()))
}

fn plain(name: &str) -> String {
    name.trim_matches('`').to_owned()
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    inner.map(|inner| inner.split('|').map(str::trim).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    /// `a: b, c (tests)`, one crate a line.
    fn packages(text: &str) -> Vec<Package> {
        let package = |line: &str| {
            let (name, edges) = line.split_once(':').unwrap();
            let edges = edges.split(',').map(str::trim).filter(|edge| !edge.is_empty());
            let dependency = |edge: &str| Dependency {
                name: format!("palisade-{}", edge.trim_end_matches(" (tests)")),
                for_tests_only: edge.ends_with(" (tests)"),
            };
            Package {
                name: format!("palisade-{}", name.trim()),
                dependencies: edges.map(dependency).collect(),
                ..Package::default()
            }
        };
        text.lines().map(package).collect()
    }

    #[track_caller]
    fn check(rows: &str, crates: &str, expected: &[&str]) {
        let table =
            format!("Words.\n\n| crate | what it is | may depend on |\n|---|---|---|\n{rows}\n\nMore.");
        let problems = problems(&table, &packages(crates));
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, words) in problems.iter().zip(expected) {
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn a_table_that_is_true_is_silent() {
        check("| `a` | x | nothing |\n| `b` | y | a |", "a:\nb: a", &[]);
        check("| a | x | nothing |\n| b | y | a (tests) |", "a:\nb: a (tests)", &[]);
        check("| a | x | nothing |\n| b | y | a |", "a:\nb: a, a (tests)", &[]);
    }

    #[test]
    fn an_edge_that_is_not_listed_is_told() {
        check(
            "| a | x | nothing |\n| b | y | nothing |",
            "a:\nb: a",
            &["`b` depends on `a`, which its row does not list"],
        );
        check(
            "| a | x | nothing |\n| b | y | a (tests) |",
            "a:\nb: a",
            &["`b` depends on `a`", "lists `a (tests)`"],
        );
    }

    #[test]
    fn an_edge_that_is_gone_is_told() {
        check("| a | x | nothing |\n| b | y | a |", "a:\nb:", &["the row of `b` lists `a`"]);
    }

    #[test]
    fn crates_and_rows_match_one_to_one() {
        check("| a | x | nothing |", "a:\nb:", &["`b` has no row"]);
        check("| a | x | nothing |\n| b | y | nothing |", "a:", &["`b` has a row but is no crate"]);
        check("| a | x |", "a:", &["does not have three cells"]);
    }

    #[test]
    fn a_document_without_the_table_is_told() {
        assert!(problems("Nothing here.", &[])[0].contains("no table"));
    }
}
