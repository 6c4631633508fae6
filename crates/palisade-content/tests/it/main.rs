//! Pages as people write them, right and wrong.

mod broken;
mod calls;
mod community;
mod scaffolded;
mod shipped;

use palisade_content::PageFile;

/// A page of the user's at a path below the content folder.
fn file(id_path: &str, text: &str) -> PageFile {
    PageFile { path: id_path.into(), id_path: id_path.into(), text: text.into(), shipped: false }
}

/// What `load` says of the files together with one kind and two objectives, a line for each.
fn said(files: &[PageFile]) -> Vec<String> {
    let mut all = base();
    all.extend_from_slice(files);
    let (_, diagnostics) = palisade_content::load(&all);
    diagnostics.iter().map(ToString::to_string).collect()
}

fn base() -> Vec<PageFile> {
    let kind = "---\ntype: AWS::EC2::Volume\ntitle: EBS volume\n---\n\nA disk.\n\n## Attributes\n\n```attributes\nencrypted:\n  is: bool\n  live: Encrypted\n  cloudformation: Encrypted\n  terraform: aws_ebs_volume.encrypted\n  absent: false\n```\n";
    let objective = "---\ntitle: Data at rest is encrypted\n---\n\nAll of it.\n";
    vec![
        file("kinds/aws/ec2/volume.md", kind),
        file("objectives/data-at-rest-is-encrypted.md", objective),
        file("objectives/storage-is-private.md", objective),
    ]
}
