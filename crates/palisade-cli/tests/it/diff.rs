//! Only what a change brought is reported, and nothing that the repository configures is run.

use crate::folder::{FAILS, Folder, PASSES, UNKNOWN};
use std::process::Command;

fn volume(name: &str) -> String {
    format!("resource \"aws_ebs_volume\" \"{name}\" {{\n  encrypted = false\n}}\n")
}

/// Runs git in a folder.
fn git(folder: &Folder, arguments: &str) {
    let identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    command.arg("-C").arg(folder.path("")).args(identity).args(arguments.split_whitespace());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Folder) {
    git(folder, "add --all");
    git(folder, "commit --quiet --allow-empty --message m");
}

/// A repository in which these files are committed.
fn repository(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    git(&folder, "init --quiet --initial-branch main");
    commit(&folder);
    folder
}

#[test]
fn what_was_there_is_left_out_and_what_is_new_is_found() {
    let folder = repository(&[FAILS, PASSES]);
    folder.scan(". --diff HEAD").ends(0, &["1 finding is in `HEAD` as well.", "Nothing else fails"]);
    folder.write("more.tf", volume("more"));
    let said = folder.scan(". --diff HEAD").ends(1, &["more.tf:2:15", "1 fails"]).said();
    assert!(!said.contains("fails.tf"), "{said}");
    commit(&folder);
    folder.scan(". --diff HEAD").ends(0, &[]);
    folder.scan(". --diff HEAD~1").ends(1, &["more.tf:2:15"]);
    folder.scan(". --diff main~1").ends(1, &["more.tf:2:15"]);
    folder.write("more.tf", "");
    folder.scan(". --diff HEAD").ends(0, &["1 that was there is gone"]);
}

#[test]
fn files_and_folders_that_move_bring_nothing() {
    let folder = repository(&[("infra/a.tf", FAILS.1)]);
    git(&folder, "mv infra/a.tf infra/b.tf");
    folder.scan("infra --diff HEAD").ends(0, &[]);
    git(&folder, "mv infra live");
    folder.scan(". --diff HEAD").ends(0, &["1 finding is in `HEAD` as well."]);
}

#[test]
fn folders_below_the_repository_are_compared_from_wherever() {
    let folder = repository(&[("a/x/fails.tf", FAILS.1), ("b/fails.tf", FAILS.1)]);
    folder.write("b/more.tf", volume("more"));
    folder.scan("a --diff HEAD").ends(0, &["1 finding is in"]);
    folder.scan("a b --diff HEAD").ends(1, &["b/more.tf:2:15", "2 findings are in"]);
    folder.scan_in("a", "x ../b --diff HEAD").ends(1, &["../b/more.tf:2:15"]);
    folder.scan_in("a/x", ". --diff HEAD").ends(0, &[]);
    folder.scan("a/x/fails.tf --diff HEAD").ends(0, &[]);
    folder.scan(&format!("{} --diff HEAD", folder.path("a").display())).ends(0, &[]);
}

#[test]
fn the_same_fault_in_another_folder_is_found_there() {
    let folder = repository(&[("b/main.tf", &volume("v"))]);
    folder.write("a/main.tf", volume("v"));
    let said = folder.scan(". --diff HEAD").ends(1, &["a/main.tf:2:15", "1 fails"]).said();
    assert!(!said.contains("b/main.tf:2"), "{said}");
}

#[test]
fn modules_elsewhere_in_the_repository_are_part_of_both() {
    let call = "module \"m\" {\n  source = \"../modules/m\"\n}\n";
    let folder = repository(&[("infra/main.tf", call), ("modules/m/m.tf", &volume("v"))]);
    folder.scan("infra --diff HEAD").ends(0, &["1 finding is in"]);
    folder.write("modules/m/m.tf", volume("v") + &volume("w"));
    folder.scan("infra --diff HEAD").ends(1, &["module.m.aws_ebs_volume.w"]);
}

#[test]
fn what_git_ignores_is_part_of_no_change() {
    let call = "module \"m\" {\n  source = \"terraform-aws-modules/m/aws\"\n}\n";
    let manifest = r#"{"Modules": [{"Key": "m", "Source": "registry.terraform.io/terraform-aws-modules/m/aws", "Dir": ".terraform/modules/m"}]}"#;
    let folder = repository(&[("main.tf", call), UNKNOWN, (".gitignore", ".terraform\n*.tfvars\n")]);
    folder.write(".terraform/modules/modules.json", manifest);
    folder.write(".terraform/modules/m/m.tf", volume("v"));
    folder.write("terraform.tfvars", "e = false\n");
    folder.scan(". --diff HEAD").ends(0, &["2 findings are in `HEAD` as well."]);
    std::fs::remove_file(folder.path("terraform.tfvars")).unwrap();
    folder.write("given.tfvars", "e = false\n");
    folder.scan(". --diff HEAD --var-file given.tfvars").ends(0, &["2 findings are in `HEAD` as well."]);
}

#[test]
fn values_that_changed_bring_what_they_decide() {
    let folder = repository(&[UNKNOWN, ("it.tfvars", "e = true\n")]);
    folder.scan(". --diff HEAD --var-file it.tfvars").ends(0, &[]);
    folder.write("it.tfvars", "e = false\n");
    folder.scan(". --diff HEAD --var-file it.tfvars").ends(1, &["unknown.tf"]);
}

#[test]
fn a_suppression_that_is_taken_away_brings_what_it_was_about() {
    let suppressed = format!("# palisade:ignore aws/ec2/*: why\n{}", volume("v"));
    let folder = repository(&[("main.tf", &suppressed)]);
    folder.scan(". --diff HEAD").ends(0, &["1 finding is suppressed"]);
    folder.write("main.tf", volume("v"));
    folder.scan(". --diff HEAD").ends(1, &["main.tf:2:15"]);
    let folder = repository(&[("a/fails.tf", FAILS.1)]);
    folder.write(".palisade.toml", "[[suppress]]\ncheck = 'aws/ec2/*'\nreason = 'x'\npath = 'a'\n");
    commit(&folder);
    folder.write(".palisade.toml", "");
    folder.scan_in("a", ". --diff HEAD").ends(1, &["fails.tf:2:15"]);
    folder.scan_in("a", ". --diff HEAD~1").ends(0, &[]);
}

#[test]
fn a_baseline_and_a_revision_leave_out_what_either_knows() {
    let folder = repository(&[("a.tf", &volume("a"))]);
    folder.write("b.tf", volume("b"));
    folder.scan(". --check aws/ec2/* --write-baseline known.json").ends(0, &[]);
    folder.write("c.tf", volume("c"));
    let says = ["2 findings are known from the baseline", "0 findings are in `HEAD`", "c.tf:2:15", "1 fails"];
    folder.scan(". --baseline known.json --diff HEAD").ends(1, &says);
}

#[test]
fn what_is_not_in_the_revision_is_said() {
    let folder = repository(&[PASSES]);
    folder.write("new/fails.tf", FAILS.1);
    folder.scan("new --diff HEAD").ends(1, &["`new` is not in `HEAD`: all of it counts as new"]);
}

#[test]
fn three_dots_mean_where_the_branch_began() {
    let folder = repository(&[("a.tf", &volume("a"))]);
    git(&folder, "checkout --quiet -b work");
    folder.write("b.tf", volume("b"));
    commit(&folder);
    git(&folder, "checkout --quiet main");
    folder.write("a.tf", PASSES.1);
    commit(&folder);
    git(&folder, "checkout --quiet work");
    folder.scan(". --diff main").ends(1, &["a.tf:2:15", "b.tf:2:15"]);
    let said = folder.scan(". --diff main...").ends(1, &["b.tf:2:15", "1 fails"]).said();
    assert!(!said.contains("a.tf:2"), "{said}");
}

#[test]
fn what_can_not_be_compared_says_what_to_do() {
    let folder = repository(&[FAILS]);
    let with_input = |arguments: &str| folder.run_with_input(arguments, FAILS.1);
    folder.scan(". --diff nope").ends(2, &["there is no revision `nope`", "git fetch"]);
    folder.scan(". --diff=--all").ends(2, &["`--all` is not a revision"]);
    folder.scan(". --diff=").ends(2, &["is not a revision"]);
    with_input("scan - --diff HEAD").ends(2, &["standard input", "--baseline"]);
    let mut command = folder.command("", "scan --check aws/ec2/volume-not-encrypted . --diff HEAD");
    command.env("PATH", folder.path("nothing"));
    crate::folder::output(command, "").ends(2, &["`git`, which is not here", "--baseline"]);
    let mut command = folder.command("", "scan --check aws/ec2/volume-not-encrypted . --diff HEAD");
    command
        .env("GIT_CEILING_DIRECTORIES", "/")
        .env("GIT_DIR", "/nowhere")
        .env("GIT_INDEX_FILE", "/nowhere/index");
    crate::folder::output(command, "").ends(0, &[]);
    let outside = std::env::temp_dir().join(format!("palisade-no-repository-{}", std::process::id()));
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("main.tf"), FAILS.1).unwrap();
    folder
        .scan(&format!("{} --diff HEAD", outside.display()))
        .ends(2, &["is in no git repository", "--baseline"]);
    folder.scan(&format!(". {} --diff HEAD", outside.display())).ends(2, &["is in no git repository"]);
    std::fs::remove_dir_all(&outside).unwrap();
}

#[test]
fn a_shallow_clone_says_how_to_fetch_the_rest() {
    let folder = repository(&[FAILS]);
    commit(&folder);
    let from = format!("file://{}", folder.path("").display());
    git(&folder, &format!("clone --quiet --depth 1 {from} shallow"));
    folder.write("shallow/.palisade.toml", "");
    folder.scan_in("shallow", ". --diff HEAD").ends(0, &[]);
    folder
        .scan_in("shallow", ". --diff HEAD~1")
        .ends(2, &["shallow", "git fetch --unshallow", "fetch-depth: 0"]);
}

#[cfg(unix)]
#[test]
fn nothing_that_a_repository_configures_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let folder = repository(&[FAILS, (".gitattributes", "*.tf filter=evil diff=evil\n")]);
    let (script, ran) = (folder.path("evil.sh"), folder.path("ran"));
    folder.write("evil.sh", format!("#!/bin/sh\ntouch {}\ncat\n", ran.display()));
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.display();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.gitProxy",
        "core.askPass",
        "core.editor",
        "filter.evil.smudge",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.external",
        "alias.ls-tree",
        "alias.rev-parse",
        "uploadpack.packObjectsHook",
    ] {
        git(&folder, &format!("config {key} {script}"));
    }
    for hook in ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        std::fs::create_dir_all(folder.path(".git/hooks")).unwrap();
        std::fs::copy(folder.path("evil.sh"), folder.path(&format!(".git/hooks/{hook}"))).unwrap();
    }
    folder.write("more.tf", volume("more"));
    folder.scan(". --diff HEAD").ends(1, &["more.tf:2:15"]);
    folder.scan(". --diff HEAD...").ends(1, &["more.tf:2:15"]);
    assert!(!ran.exists(), "something was run");
}

#[cfg(unix)]
#[test]
fn a_link_of_a_revision_leads_nowhere_that_is_written_to() {
    let folder = repository(&[FAILS]);
    std::fs::create_dir(folder.path("outside")).unwrap();
    std::os::unix::fs::symlink(folder.path("outside"), folder.path("linked")).unwrap();
    commit(&folder);
    // A tree that names one thing twice: a link, and a folder with a file in it.
    let list = |arguments: &str, input: &str| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder.path("")).args(arguments.split_whitespace());
        let output = crate::folder::output(command, input);
        assert_eq!(output.code, Some(0), "{output:?}");
        output.stdout.trim().to_owned()
    };
    let target = list("hash-object -w --stdin", &folder.path("outside").display().to_string());
    let file = list("hash-object -w --stdin", FAILS.1);
    let tree = list("mktree", &format!("100644 blob {file}\tevil.tf\n"));
    let whole = list("mktree", &format!("120000 blob {target}\tboth\n040000 tree {tree}\tboth\n"));
    let made = list(&format!("-c user.name=T -c user.email=t@example.org commit-tree {whole} -m m"), "");
    folder.scan(&format!(". --diff {made}")).ends(0, &[]);
    assert_eq!(std::fs::read_dir(folder.path("outside")).unwrap().count(), 0);
}
