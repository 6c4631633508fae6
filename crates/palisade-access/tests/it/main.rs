//! Questions over estates.

mod brute;
mod conformance;
mod world;
