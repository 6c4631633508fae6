//! Questions over estates.

mod algebra;
mod brute;
mod conformance;
mod questions;
mod world;
