provider "aws" {
  region = "eu-west-1"
}

locals {
  is_production = var.environment == "production"
}

resource "aws_kms_key" "databases" {
  description         = "Catalogue databases"
  enable_key_rotation = true
}

resource "aws_kms_key" "artwork" {
  description = "Artwork under embargo"
  # A partner keeps copies under this key and asked us to leave it alone until the film is out.
  enable_key_rotation = false
}

resource "aws_db_instance" "catalogue" {
  identifier                  = "catalogue"
  engine                      = "postgres"
  instance_class              = var.instance_class[var.environment]
  allocated_storage           = 500
  username                    = "catalogue"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.databases.arn
  backup_retention_period     = local.is_production ? 14 : 1
  deletion_protection         = local.is_production
  multi_az                    = local.is_production
}

resource "aws_db_instance" "ratings" {
  identifier                  = "ratings"
  engine                      = "postgres"
  instance_class              = "db.t4g.large"
  allocated_storage           = 100
  username                    = "ratings"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.databases.arn
  deletion_protection         = true
  # 0 while the old ratings are loaded: with backups on that took a day.
  backup_retention_period = 0
}

resource "aws_db_instance" "reports" {
  identifier                  = "reports"
  engine                      = "postgres"
  instance_class              = "db.t4g.large"
  allocated_storage           = 200
  username                    = "reports"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.databases.arn
  backup_retention_period     = 7
  deletion_protection         = true
  # The analysts work from home and their tool can't use the VPN.
  publicly_accessible = true
}
