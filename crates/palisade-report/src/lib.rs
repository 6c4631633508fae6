//! Turns findings into text, JSON and SARIF.
