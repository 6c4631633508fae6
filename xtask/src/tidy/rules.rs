//! The small rules of every file: how it opens, how long it is, what it does not hold.

use super::rust;

const LINES_MAX: usize = 1_200;

/// Folders of the machines that this was written on; what names one works nowhere else.
const WORKPLACES: [&str; 3] = [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/.lib", "rary")];

/// What is unfinished or switched off.
const UNFINISHED: [&str; 3] = ["todo!(", "unimplemented!(", "#[ignore"];

/// What is wrong with a file, each with its place.
pub fn problems(shown: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let places = WORKPLACES.iter().filter(|place| line.contains(*place));
        problems
            .extend(places.map(|place| format!("{shown}:{number}: `{place}` is a folder of one machine")));
    }
    if shown.ends_with(".rs") {
        problems.extend(problems_of_rust(shown, text));
    }
    problems
}

fn problems_of_rust(shown: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push(format!("{shown}:1: a file opens with one `//!` sentence that says what it is for"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        problems.push(format!("{shown}: {lines} lines; split it, {LINES_MAX} is a lot"));
    }
    for (number, line) in (1..).zip(rust::code(text).lines()) {
        let found = UNFINISHED.iter().filter(|mark| line.contains(*mark));
        problems.extend(found.map(|mark| {
            format!("{shown}:{number}: `{mark}` is not for what ships; finish it or say why it can't be")
        }));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, text: &str, expected: &str) {
        let told = problems(file, text).join("\n");
        assert!(
            if expected.is_empty() { told.is_empty() } else { told.contains(expected) },
            "{file}: {told}"
        );
    }

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        check("a.rs", "//! Reads.\nfn f() {}\n", "");
        check("a.rs", "fn f() {}\n", "opens with one `//!` sentence");
        check("a.md", "fn f() {}\n", "");
    }

    #[test]
    fn nothing_unfinished_or_switched_off_ships() {
        check("a.rs", "//! A.\nfn f() { todo!() }", "a.rs:2: `todo!(`");
        check("a.rs", "//! A.\nfn f() { unimplemented!(\"x\") }", "`unimplemented!(`");
        check("a.rs", "//! A.\n#[ignore = \"slow\"]\nfn f() {}", "`#[ignore`");
        check("a.rs", "//! A.\n// a todo!() in words\nconst A: &str = \"#[ignore]\";", "");
    }

    #[test]
    fn no_file_names_a_folder_of_one_machine() {
        check("a.md", concat!("see /wo", "rk/main"), "a.md:1:");
        check("a.rs", concat!("//! A.\nconst A: &str = \"/fa", "rm/x\";"), "a.rs:2:");
        check("a.md", "see docs/work and the farm/", "");
    }

    #[test]
    fn a_file_can_be_read_in_one_go() {
        check("a.rs", &format!("//! A.\n{}", "\n".repeat(LINES_MAX)), "split it");
        check("a.rs", &format!("//! A.\n{}", "\n".repeat(LINES_MAX - 1)), "");
    }
}
