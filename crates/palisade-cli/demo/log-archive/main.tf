# Where the trail and the buckets' access logs end up. In an account of its own, which hardly anybody enters.

provider "aws" {
  region = "eu-west-1"
}

locals {
  archives = {
    velvet-heron-trail       = "cloudtrail.amazonaws.com"
    velvet-heron-access-logs = "logging.s3.amazonaws.com"
  }
}

resource "aws_s3_bucket" "archive" {
  for_each            = local.archives
  bucket              = each.key
  object_lock_enabled = true
}

resource "aws_s3_bucket_public_access_block" "archive" {
  for_each                = local.archives
  bucket                  = aws_s3_bucket.archive[each.key].id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "archive" {
  for_each = local.archives
  bucket   = aws_s3_bucket.archive[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "archive" {
  for_each = local.archives
  bucket   = aws_s3_bucket.archive[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = each.value }
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::${each.key}/*"
      },
      {
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${each.key}", "arn:aws:s3:::${each.key}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
