//! The indexes of the content pages, and the table of controls that they answer to.

use super::Derived;
use super::front_matter::{Field, fields, page};
use crate::workspace::{Workspace, files_below};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A page as the indexes see it.
struct Row {
    id: String,
    fields: BTreeMap<String, Field>,
    /// The keys of its block of attributes.
    attributes: Vec<String>,
}

impl Row {
    fn one(&self, field: &str) -> &str {
        self.fields.get(field).map(Field::one).unwrap_or_default()
    }

    fn words(&self, field: &str) -> &[String] {
        self.fields.get(field).map(|field| field.words.as_slice()).unwrap_or_default()
    }

    fn link(&self, sort: &str) -> String {
        format!("[{}](../../content/{sort}/{}.md)", self.id, self.id)
    }
}

/// The references of all sorts of pages.
pub fn references(workspace: &Workspace) -> Result<Vec<Derived>, String> {
    let checks = rows(workspace, "checks")?;
    let detections = rows(workspace, "detections")?;
    let objectives = rows(workspace, "objectives")?;
    let kinds = rows(workspace, "kinds")?;
    Ok(vec![
        Derived::new("docs/reference/checks.md", &index_of_checks(&checks)),
        Derived::new("docs/reference/kinds.md", &index_of_kinds(&kinds, &checks)),
        Derived::new("docs/reference/detections.md", &index_of_detections(&detections)),
        Derived::new("docs/reference/objectives.md", &index_of_objectives(&objectives, &checks, &detections)),
        Derived::new("docs/reference/controls.md", &table_of_controls(workspace, &checks)?),
    ])
}

fn rows(workspace: &Workspace, sort: &str) -> Result<Vec<Row>, String> {
    let folder = workspace.root.join("content").join(sort);
    let pages =
        files_below(&folder, &[]).into_iter().filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages
        .map(|path| {
            let shown = workspace.shown(&path);
            let text = workspace.text(&shown)?;
            let page = page(&text)
                .ok_or_else(|| format!("{shown}: a page begins with front matter between `---`"))?;
            let id = path.strip_prefix(&folder).unwrap_or(&path).with_extension("").display().to_string();
            Ok(Row { id, fields: page.fields, attributes: attributes(page.body) })
        })
        .collect()
}

fn attributes(body: &str) -> Vec<String> {
    let block = body.split_once("\n```attributes\n").and_then(|(_, rest)| rest.split_once("\n```"));
    let lines = block.map(|(block, _)| block.lines()).into_iter().flatten();
    let keys =
        lines.filter(|line| !line.starts_with([' ', '#', '-'])).filter_map(|line| line.split_once(':'));
    keys.map(|(key, _)| key.to_owned()).collect()
}

fn index_of_checks(checks: &[Row]) -> String {
    let mut index = format!(
        "# Checks\n\n{} checks ship with Palisade. `palisade content show ID` prints one, with its examples.\n",
        checks.len()
    );
    for (service, checks) in grouped(checks) {
        let _ = write!(
            index,
            "\n## {service}\n\n| check | fault | severity | looks at | objectives |\n|---|---|---|---|---|\n"
        );
        for check in checks {
            let cells = [
                check.link("checks"),
                cell(check.one("title")),
                check.one("severity").to_owned(),
                code(check.one("looks-at")),
                check.words("objectives").join(", "),
            ];
            let _ = writeln!(index, "| {} |", cells.join(" | "));
        }
    }
    index
}

fn index_of_kinds(kinds: &[Row], checks: &[Row]) -> String {
    let mut index = format!(
        "# Kinds\n\n{} kinds of resources have pages, which say where each source keeps what checks read and what \
         absence means there. Anything else is read too, but its attributes are all under `raw`.\n",
        kinds.len()
    );
    index.push_str("\n| kind | what it is | attributes | checks |\n|---|---|---|---|\n");
    for kind in kinds {
        let attributes: Vec<String> = kind.attributes.iter().map(|name| code(name)).collect();
        let looked_at = checks.iter().filter(|check| check.one("looks-at") == kind.one("type")).count();
        let link = format!("[{}](../../content/kinds/{}.md)", kind.one("type"), kind.id);
        let _ = writeln!(
            index,
            "| {link} | {} | {} | {looked_at} |",
            cell(kind.one("title")),
            attributes.join(", ")
        );
    }
    index
}

fn index_of_detections(detections: &[Row]) -> String {
    let mut index = format!("# Detections\n\n{} detections ship with Palisade.\n", detections.len());
    index.push_str("\n| detection | what happened | severity | reads | ATT&CK |\n|---|---|---|---|---|\n");
    for detection in detections {
        let cells = [
            detection.link("detections"),
            cell(detection.one("title")),
            detection.one("severity").to_owned(),
            cell(detection.one("reads")),
            detection.words("attack").join(", "),
        ];
        let _ = writeln!(index, "| {} |", cells.join(" | "));
    }
    index
}

fn index_of_objectives(objectives: &[Row], checks: &[Row], detections: &[Row]) -> String {
    let mut index = format!(
        "# Objectives\n\n{} outcomes, each in a sentence. Pages name objectives, and a framework's controls name \
         objectives, so neither has to know of the other.\n",
        objectives.len()
    );
    for objective in objectives {
        let _ = write!(
            index,
            "\n## {}\n\n[{}](../../content/objectives/{}.md)\n",
            objective.one("title"),
            objective.id,
            objective.id
        );
        let serves = |row: &&Row| row.words("objectives").contains(&objective.id);
        let of = |rows: &[Row], sort| {
            rows.iter().filter(serves).map(|row| format!("- {}\n", row.link(sort))).collect::<String>()
        };
        let pages = of(checks, "checks") + &of(detections, "detections");
        let _ = write!(index, "\n{}", if pages.is_empty() { "No page yet.\n" } else { &pages });
    }
    index
}

fn table_of_controls(workspace: &Workspace, checks: &[Row]) -> Result<String, String> {
    let mut table =
        "# Controls\n\nThe controls of each framework, by their ids, with what answers to them. The wording \
                     of a control belongs to its publisher.\n"
            .to_owned();
    for path in files_below(&workspace.root.join("content/frameworks"), &[]) {
        let framework = fields(&workspace.text(&workspace.shown(&path))?);
        let title = framework.get("title").map(Field::one).unwrap_or_default();
        let _ = write!(table, "\n## {title}\n\n| control | objectives or pages | checks |\n|---|---|---|\n");
        let controls = framework.get("controls").map(|field| fields(&field.below)).unwrap_or_default();
        for (control, answers) in in_order(&controls) {
            let answering = answering(checks, &answers.words);
            let named = if answers.words.is_empty() { "–".to_owned() } else { answers.words.join(", ") };
            let _ = writeln!(table, "| {control} | {named} | {answering} |");
        }
    }
    Ok(table)
}

/// How many checks stand for a control: those it names, and those that name an objective it names.
fn answering(checks: &[Row], words: &[String]) -> usize {
    let stands = |check: &&Row| {
        let named = words.iter().any(|word| *word == format!("checks/{}", check.id));
        named || check.words("objectives").iter().any(|objective| words.contains(objective))
    };
    checks.iter().filter(stands).count()
}

/// `2.2` before `2.10`: digits compare as numbers.
fn in_order(controls: &BTreeMap<String, Field>) -> Vec<(&String, &Field)> {
    let parts = |control: &str| -> Vec<(u64, String)> {
        let parts = control.split(['.', '-']).map(|part| (part.parse().unwrap_or(0), part.to_owned()));
        parts.collect()
    };
    let mut ordered: Vec<_> = controls.iter().collect();
    ordered.sort_by_key(|(control, _)| parts(control));
    ordered
}

/// By the folder that the page is in: `aws/s3`.
fn grouped(rows: &[Row]) -> BTreeMap<&str, Vec<&Row>> {
    let folder = |row: &Row| row.id.rfind('/').unwrap_or(0);
    let folders: BTreeSet<&str> = rows.iter().map(|row| &row.id[..folder(row)]).collect();
    let within = |name: &str| rows.iter().filter(|row| &row.id[..folder(row)] == name).collect();
    folders.into_iter().map(|name| (name, within(name))).collect()
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

/// What would end a cell of a table is escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_row(id: &str, objectives: &str) -> Row {
        let fields =
            fields(&format!("title: A | B\nseverity: high\nlooks-at: AWS::A::B\nobjectives: [{objectives}]"));
        Row { id: id.to_owned(), fields, attributes: Vec::new() }
    }

    #[test]
    fn a_check_is_a_row_under_its_service() {
        let index = index_of_checks(&[check_row("aws/s3/a", "o, p"), check_row("aws/ec2/b", "")]);
        let row = "| [aws/s3/a](../../content/checks/aws/s3/a.md) | A \\| B | high | `AWS::A::B` | o, p |";
        assert!(index.contains(row) && index.find("## aws/ec2") < index.find("## aws/s3"), "{index}");
    }

    #[test]
    fn the_attributes_of_a_kind_are_the_keys_of_its_block() {
        let body = "Why.\n\n## Attributes\n\n```attributes\nencrypted:\n  is: bool\n# a note\nkms_key:\n  is: text\n```\n";
        assert_eq!(attributes(body), ["encrypted", "kms_key"]);
    }

    #[test]
    fn controls_come_in_the_order_of_their_numbers_with_the_checks_that_stand_for_them() {
        let controls = fields("2.10: [o]\n2.2: [checks/aws/s3/a]\n1.1: []");
        let order: Vec<&str> = in_order(&controls).into_iter().map(|(control, _)| control.as_str()).collect();
        assert_eq!(order, ["1.1", "2.2", "2.10"]);
        let checks = [check_row("aws/s3/a", "o"), check_row("aws/s3/b", "o")];
        let count = |control: &str| answering(&checks, &controls[control].words);
        assert_eq!((count("1.1"), count("2.2"), count("2.10")), (0, 1, 2));
    }
}
