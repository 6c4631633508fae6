//! The integration tests of the AWS client without its network.

mod botocore;
mod hostile;
