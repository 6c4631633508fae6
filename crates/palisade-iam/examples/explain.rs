//! Explains cases: `cargo run -p palisade-iam --example explain -- CASES.jsonl [ID…]`.

use palisade_iam::{Case, explain};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("a file of cases is expected")?;
    let wanted: Vec<String> = arguments.collect();
    let file: Arc<str> = path.as_str().into();
    for (number, line) in (1..).zip(std::fs::read_to_string(&path)?.lines()) {
        match Case::parse(line, &file, number) {
            Ok(case) if wanted.is_empty() || wanted.contains(&case.id) => {
                println!("{}\n\n{}", case.id, explain(&case.question).to_text());
            }
            Ok(_) => {}
            Err(diagnostics) => diagnostics.iter().for_each(|diagnostic| eprintln!("{diagnostic}")),
        }
    }
    Ok(())
}
