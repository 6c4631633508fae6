provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
}

resource "aws_kms_key" "ingest" {
  description         = "What waits to be transcoded"
  enable_key_rotation = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_sns_topic" "delivered" {
  name              = "delivered"
  kms_master_key_id = aws_kms_key.ingest.id
}

resource "aws_sns_topic" "published" {
  name = "published"
}

resource "aws_sqs_queue" "to_transcode" {
  name                    = "to-transcode"
  sqs_managed_sse_enabled = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "failed" {
  name                      = "to-transcode-failed"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "to_transcode" {
  queue_url = aws_sqs_queue.to_transcode.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.to_transcode.arn
      Condition = {
        ArnEquals = { "aws:SourceArn" = aws_sns_topic.delivered.arn }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "to_transcode" {
  topic_arn = aws_sns_topic.delivered.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.to_transcode.arn
}
