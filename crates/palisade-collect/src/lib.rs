//! Collects a cloud as pure steps: which call next, what an answer means, what could not be read.
