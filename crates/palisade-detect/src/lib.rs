//! Matches Sigma rules over events.
