//! `palisade demo`: assesses a bundled example, so that the first minute shows what Palisade says.

use crate::Ending;
use crate::arguments::{DemoOptions, Format};
use crate::content::library;
use crate::output;
use crate::progress::Progress;
use crate::scan::{Forms, Selection, judged, write};
use anyhow::Context;
use palisade_assess::{GatherOptions, gather_files};
use palisade_report::SarifOptions;
use std::path::Path;
use std::sync::Arc;

/// A streaming company's landing zone in Terraform and CloudFormation, with planted mistakes and clean twins.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// Runs `palisade demo`.
pub fn run(options: &DemoOptions, color: bool) -> anyhow::Result<Ending> {
    if let Some(folder) = &options.write {
        return write_out(folder);
    }
    let (library, _) = library(&[])?;
    let files: Vec<(Arc<str>, Arc<str>)> =
        FILES.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    let gathered = gather_files(&files, &GatherOptions::default());
    let targets = vec!["the streaming company's landing zone (bundled)".to_owned()];
    let (report, _) = judged(gathered, targets, &library, &Selection::all(), &Progress::new());
    let forms = Forms {
        all: options.all,
        sarif: SarifOptions::default(),
        color: color && options.output.output.is_none(),
        read: &|file| FILES.iter().find(|(path, _)| *path == file).map(|(_, text)| Arc::from(*text)),
    };
    write(&report, &options.output, &forms)?;
    if options.output.format == Format::Text && options.output.output.is_none() {
        let next = "\nNext: `palisade scan FOLDER` on your own Terraform or CloudFormation. `palisade demo --write streaming`\n\
                    writes this example out, to mend it and scan it again.\n";
        output::write(None, |out| out.write_all(next.as_bytes()))?;
    }
    // It shows; it gates nothing.
    Ok(Ending::Clean)
}

fn write_out(folder: &Path) -> anyhow::Result<Ending> {
    anyhow::ensure!(!folder.exists(), "`{}` is there already: name a folder that is not", folder.display());
    for (path, text) in FILES {
        let path = folder.join(path);
        let failed = || format!("failed to write `{}`", path.display());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(failed)?;
        }
        std::fs::write(&path, text).with_context(failed)?;
    }
    let said = format!("{} files written. Next: palisade scan {}\n", FILES.len(), folder.display());
    output::write(None, |out| out.write_all(said.as_bytes()))?;
    Ok(Ending::Clean)
}
