//! Holds the engines to their purity (no files, network, clock, randomness or async), and all crates to being offline.

use super::rust;
use crate::workspace::Package;

const ENGINES: [&str; 5] = ["check", "detect", "iam", "prove", "reach"];

/// The crates that reach a network: they alone open sockets and list what does. The second one is a server for tests,
/// which nothing that ships links.
const ONLINE: [&str; 2] = ["palisade-client", "palisade-sim-server"];

/// What reaches a network. A name that ends in `-` stands for all that begin so.
const CLIENTS: [&str; 12] = [
    "tokio",
    "tokio-",
    "async-",
    "smol",
    "hyper",
    "hyper-",
    "reqwest",
    "ureq",
    "aws-",
    "curl",
    "rustls",
    "native-tls",
];

/// What an engine may not list beside clients: clocks, randomness, stores, futures.
const IMPURE: [&str; 11] = [
    "chrono",
    "chrono-",
    "jiff",
    "time",
    "rand",
    "rand_core",
    "fastrand",
    "getrandom",
    "rusqlite",
    "futures",
    "futures-",
];

/// What reaches a network in the standard library.
const SOCKETS: [&str; 4] = ["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"];

/// What an engine may not take from the standard library, and what it would be used for.
const MODULES: [(&str, &str); 3] = [("fs", "files"), ("env", "environment"), ("process", "processes")];

const CALLS: [(&str, &str); 3] = [("SystemTime", "clock"), ("Instant", "clock"), ("thread::sleep", "clock")];

/// Whether the crate of this name is an engine.
pub fn is_engine(name: &str) -> bool {
    name.strip_prefix("palisade-").is_some_and(|name| ENGINES.contains(&name))
}

/// What crates list and may not.
pub fn problems_of_dependencies(packages: &[Package]) -> Vec<String> {
    let listed = packages.iter().flat_map(|package| {
        let dependencies = package.dependencies.iter().filter(|dependency| !dependency.for_tests_only);
        dependencies.map(|dependency| (package.name.as_str(), dependency.name.as_str()))
    });
    listed.filter_map(|(package, dependency)| problem_of_dependency(package, dependency)).collect()
}

fn problem_of_dependency(package: &str, dependency: &str) -> Option<String> {
    let is_one_of = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, dependency));
    if is_engine(package) && (is_one_of(&IMPURE) || is_one_of(&CLIENTS)) {
        return Some(format!(
            "{package}: an engine may not list `{dependency}`; time, seeds and data are arguments"
        ));
    }
    let is_stray = is_one_of(&CLIENTS) && !ONLINE.contains(&package);
    is_stray.then(|| {
        format!("{package}: may not list `{dependency}`, it is not one of the crates that reach a network")
    })
}

/// What reaches a network in a crate that may not.
pub fn problems_of_offline_source(shown: &str, text: &str) -> Vec<String> {
    let folder = |name: &str| shown.starts_with(&format!("crates/{name}/"));
    if ONLINE.iter().any(|name| folder(name)) {
        return Vec::new();
    }
    let code = rust::code(text);
    let lines = (1..).zip(code.lines());
    let found = lines
        .filter_map(|(number, line)| Some((number, SOCKETS.iter().find(|name| rust::has_path(line, name))?)));
    found
        .map(|(number, name)| {
            format!("{shown}:{number}: only palisade-client reaches a network, but here is `{name}`")
        })
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    if pattern.ends_with('-') { name.starts_with(pattern) } else { name == pattern }
}

/// What an engine's source uses and may not. Tests may.
pub fn problems_of_source(shown: &str, text: &str) -> Vec<String> {
    let code = rust::without_tests(&rust::code(text));
    let words = rust::words_after(&code, "std::");
    let modules = MODULES.iter().flat_map(|(module, what)| {
        let used = words.iter().filter(move |(_, word)| word == module);
        used.map(move |(line, _)| (*line, *module, *what))
    });
    let calls = CALLS.iter().flat_map(|(call, what)| {
        let used = (1..).zip(code.lines()).filter(move |(_, line)| rust::has_path(line, call));
        used.map(move |(line, _)| (line, *call, *what))
    });
    let told = modules.chain(calls).map(|(line, name, what)| {
        format!("{shown}:{line}: an engine uses no {what}, but here is `{name}`; make it an argument")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let told = problems_of_source("a.rs", source).join("\n");
        assert!(
            if expected.is_empty() { told.is_empty() } else { told.contains(expected) },
            "{source}: {told}"
        );
    }

    #[test]
    fn the_world_is_not_for_engines() {
        check("use std::fs;", "no files");
        check("fn f() {\n    std::fs::read(p)\n}", "a.rs:2:");
        check("use std::{fmt, fs};", "no files");
        check(
            "use std::{\n    collections::{BTreeMap, BTreeSet},\n    process,\n};",
            "a.rs:3: an engine uses no processes",
        );
        check("use std::time::Instant;", "no clock");
        check("use std::time::{Duration, SystemTime};", "no clock");
        check("std::thread::sleep(second)", "no clock");
        check("thread::sleep(second)", "no clock");
        check("let home = std::env::var(\"HOME\");", "no environment");
        check("std::process::abort()", "no processes");
    }

    #[test]
    fn what_only_looks_like_it_is_fine() {
        for source in [
            "use std::{fmt, collections::{BTreeMap, BTreeSet}};",
            "// std::fs is not for us",
            "/* std::fs */ let a = \"std::fs\";",
            "let fs = 1; let instant_of = 2; my_std::fs::x();",
            "use std::time::Duration;",
            "use std::{fmt, mem};\nfn f() { g(a, env, fs) }",
            "use std::net::IpAddr;",
            "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } // std::fs",
            "#[cfg(test)]\nmod tests {\n    use std::fs;\n}",
            "#[cfg(test)]\nuse std::fs;\nfn f() {}",
        ] {
            check(source, "");
        }
        check("#[cfg(test)]\nmod tests {\n    use std::fs;\n}\nuse std::fs;", "a.rs:5:");
    }

    #[test]
    fn runtimes_clients_clocks_and_chance_are_not_for_engines() {
        let lists = |crate_name: &str, dependency: &str, for_tests_only| {
            let dependencies = vec![Dependency { name: dependency.to_owned(), for_tests_only }];
            let package = Package { name: crate_name.to_owned(), dependencies, ..Package::default() };
            problems_of_dependencies(&[package]).len()
        };
        for dependency in
            ["tokio", "tokio-util", "aws-sdk-ec2", "aws-config", "chrono", "jiff", "time", "rand"]
        {
            assert_eq!(lists("palisade-check", dependency, false), 1, "{dependency}");
            assert_eq!(lists("palisade-check", dependency, true), 0, "{dependency}");
        }
        assert_eq!(lists("palisade-detect", "regex", false), 0);
        assert_eq!(lists("palisade-cli", "jiff", false), 0);
    }

    #[test]
    fn nothing_but_the_client_reaches_a_network() {
        for (package, dependency, problem) in [
            ("palisade-cli", "reqwest", true),
            ("palisade-report", "aws-config", true),
            ("xtask", "ureq", true),
            ("palisade-aws", "aws-sigv4", true),
            ("palisade-collect", "tokio", true),
            ("palisade-cli", "tokio", true),
            ("palisade-client", "aws-config", false),
            ("palisade-client", "tokio", false),
            ("palisade-cli", "clap", false),
        ] {
            assert_eq!(
                problem_of_dependency(package, dependency).is_some(),
                problem,
                "{package}, {dependency}"
            );
        }
        let sockets = |source: &str| problems_of_offline_source("a.rs", source).len();
        assert_eq!(sockets("use std::net::TcpStream;\nlet a = TcpStream::connect(b);"), 2);
        assert_eq!(sockets("// TcpStream\nuse std::net::IpAddr;"), 0);
        let of_client =
            problems_of_offline_source("crates/palisade-client/tests/it/fake.rs", "use std::net::TcpStream;");
        assert_eq!(of_client, Vec::<String>::new());
    }
}
