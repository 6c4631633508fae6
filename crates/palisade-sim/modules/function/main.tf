# A function with a role of its own that may do little, and a log that is kept.

resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "log" {
  name = "log"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }]
  })
}

resource "aws_iam_role_policy" "run" {
  name = "run"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = ["kms:Decrypt", "secretsmanager:GetSecretValue", "sqs:GetQueueUrl", "ssm:GetParameter"]
      Resource = [
        "arn:aws:kms:*:*:key/*",
        "arn:aws:secretsmanager:*:*:secret:app/*",
        "arn:aws:sqs:*:*:*",
        "arn:aws:ssm:*:*:parameter/*",
      ]
    }]
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_days
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  filename      = "${var.name}.zip"
  handler       = "main.handler"
  runtime       = var.runtime
  role          = aws_iam_role.this.arn

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = "Active"
  }
}
