//! The integration tests of the AWS client without its network.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted")]

mod botocore;
mod hostile;
