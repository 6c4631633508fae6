//! What people and machines get to see, whole.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted")]

mod github;
mod html;
mod json;
mod junit;
mod ocsf;
mod sample;
mod sarif;
mod suppressed;
mod text;

/// What a form of the report writes.
fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
