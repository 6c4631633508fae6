//! Requests as a service reads them and answers as it writes them, by the shapes of the models.

pub(crate) mod cbor;
mod encode;
mod request;
pub mod text;
pub(crate) mod xml;

pub use encode::{Written, encode, encode_error};
pub use request::parameters;
