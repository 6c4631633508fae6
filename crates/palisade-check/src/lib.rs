//! Runs a check's Rego over resources: passes, fails, unknown.
