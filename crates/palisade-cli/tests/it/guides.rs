//! What a guide shows is what happens.

use crate::folder::{Folder, output};
use std::process::Command;

const IDENTITY: &str = include_str!("../../../../docs/guides/identity.md");
const GATE: &str = include_str!("../../../../docs/guides/gate-a-repository.md");
const READ: &str = include_str!("../../../../docs/guides/read-a-report.md");
const WHO: &str = include_str!("../../../../docs/guides/who-can.md");
const FIRST: &str = include_str!("../../../../docs/guides/first-check.md");

/// Words without what grows with each page that is added: numbers of two digits and more. So a new check need not touch
/// the guides, and what they show stays what a reader sees.
pub fn settled(text: &str) -> String {
    let is_large = |word: &str| word.bytes().filter(u8::is_ascii_digit).count() > 1;
    let number = |word: &str| word.trim_end_matches(',').bytes().all(|b| b.is_ascii_digit() || b == b',');
    let words = text.split_whitespace();
    let words = words.map(|word| if is_large(word) && number(word) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Runs the commands of a guide, one block after the other in one folder, and looks for what it shows of their output.
/// They end with one of these codes.
fn follow(guide: &str, codes: &[i32]) {
    let folder = Folder::new(&[]);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_palisade"));
    let paths = [program.parent().unwrap().to_path_buf()];
    let known = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(paths.into_iter().chain(std::env::split_paths(&known))).unwrap();
    let mut script = String::new();
    let mut said = None;
    for block in guide.split("\n```").collect::<Vec<_>>().chunks(2).filter_map(|pair| pair.get(1)) {
        let (language, text) = block.split_once('\n').unwrap();
        match (language, said.take()) {
            ("sh", _) => {
                let mut command = Command::new("sh");
                command.args(["-ec", &format!("{script}\necho BEGIN\n{text}")]).current_dir(folder.path(""));
                command.env("PATH", &path).env("COLUMNS", "100").env_remove("NO_COLOR");
                command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
                for name in
                    ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"]
                {
                    command.env(name, "somebody");
                }
                let output = output(command, "");
                assert!(output.code.is_some_and(|code| codes.contains(&code)), "{text}\n{}", output.said());
                let now = output.stdout.rsplit("BEGIN\n").next().unwrap_or_default().to_owned();
                said = Some(format!("{now}{}", output.stderr));
                let folders = text.lines().filter(|line| line.starts_with("cd "));
                folders.for_each(|line| script += &format!("{line}\n"));
            }
            ("text", Some(said)) => {
                // Blocks that follow on one run show parts of what it said.
                let all = settled(&said);
                for line in text.lines().filter(|line| *line != "…") {
                    assert!(all.contains(&settled(line)), "“{line}” is not in\n{said}");
                }
            }
            _ => {}
        }
    }
}

#[cfg(unix)]
#[test]
fn gate_a_repository() {
    follow(GATE, &[0]);
}

#[cfg(unix)]
#[test]
fn read_a_report() {
    follow(READ, &[0, 1]);
}

/// The page of a guide's own check, as the guide builds it up; then each of its commands in turn.
#[cfg(unix)]
#[test]
fn first_check() {
    let folder = Folder::new(&[]);
    let page = "policies/checks/acme/volume-without-own-key.md";
    let run = |arguments: &str, code: i32| {
        let said = folder.run(arguments).ends(code, &[]).said();
        assert!(FIRST.contains(&format!("palisade {arguments}\n")), "{arguments}");
        settled(&said)
    };
    let shown = |text: &str, said: &str| {
        assert!(FIRST.contains(text), "{text}");
        assert!(said.contains(&settled(text)), "“{text}” is not in\n{said}");
    };
    let said = run("content new check acme/volume-without-own-key --looks-at AWS::EC2::Volume", 0);
    shown("Next: palisade content check policies", &said);
    let begun = block("The page in that file already works.");
    let rule = begun.split("```rego").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(folder.read(page).contains(rule), "{}", folder.read(page));
    folder.write(page, block("Replace the whole page"));
    shown("1 page, 4 examples: all hold.", &run("content check policies", 0));
    folder.write("infra/main.tf", block("Say this is your"));
    let said = settled(&folder.run("scan infra --content policies --check acme/*").ends(1, &[]).said());
    let report = block("palisade scan infra --content policies");
    assert!(report.lines().all(|line| said.contains(&settled(line))), "{said}");
    let whole = folder.read(page);
    folder.write(page, whole.replace("\"no key of ours is named\"", "\"no key is named\""));
    shown("1 page, 4 examples: 2 things are wrong.", &run("content check policies", 1));
    let (rule, longer) = (whole.split("```rego\n").nth(1).unwrap(), block("Let the rule ask for that first"));
    let rule = rule.split("```").next().unwrap();
    folder.write(page, whole.replace(rule, &longer));
    shown("2 of 3 parts of the rules are held by an example (66.7 %).", &run("content mutate policies", 1));
    let examples = format!("{}\n## Fix", block("Add these before"));
    folder.write(page, whole.replace(rule, &longer).replace("## Fix", &examples));
    shown("3 of 3 parts of the rules are held by an example (100.0 %).", &run("content mutate policies", 0));
    folder.write("policies/checks/acme/queue-without-policy.rego", block("queue-without-policy.rego`"));
    folder.write("policies/detections/acme/trail-stopped.yml", block("trail-stopped.yml`"));
    shown("3 pages, 6 examples: all hold.", &run("content check policies", 0));
}

/// The block that follows on these words of the guide.
fn block(words: &str) -> String {
    let rest = FIRST.split_once(words).unwrap_or_else(|| panic!("“{words}” is not in the guide")).1;
    // The commands' own blocks stand between the words that name them and what they print.
    let rest = if words.starts_with("palisade ") { rest.split_once("```\n").unwrap().1 } else { rest };
    let fence = if rest.find("````").is_some_and(|at| rest.find("```") == Some(at)) { "````" } else { "```" };
    let inner = rest.split_once(fence).and_then(|(_, rest)| rest.split_once('\n')).unwrap().1;
    format!("{}\n", inner.split_once(&format!("\n{fence}\n")).unwrap().0)
}

#[cfg(unix)]
#[test]
fn ask_who_may_do_what() {
    follow(IDENTITY, &[0]);
}

#[cfg(unix)]
#[test]
fn who_can_read_this_bucket() {
    follow(WHO, &[0, 1, 3]);
}
