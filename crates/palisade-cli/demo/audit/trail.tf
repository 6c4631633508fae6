provider "aws" {
  region = "eu-west-1"
}

resource "aws_kms_key" "trail" {
  description         = "The organisation's trail"
  enable_key_rotation = true
}

resource "aws_kms_alias" "trail" {
  name          = "alias/trail"
  target_key_id = aws_kms_key.trail.id
}

resource "aws_cloudtrail" "organisation" {
  name                       = "organisation"
  s3_bucket_name             = "velvet-heron-trail"
  is_organization_trail      = true
  is_multi_region_trail      = true
  enable_log_file_validation = true
  kms_key_id                 = aws_kms_key.trail.arn
}

resource "aws_cloudwatch_log_group" "sign_ins" {
  name              = "/audit/sign-ins"
  retention_in_days = 400
}

resource "aws_cloudwatch_log_group" "resolver" {
  name = "/audit/dns-queries"
  # CloudWatch was a third of the bill in March.
  retention_in_days = 14
}
