//! Reads CloudFormation templates into resources.
