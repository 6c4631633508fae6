//! Reads Terraform configurations and plans into resources.
