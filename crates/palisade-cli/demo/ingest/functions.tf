resource "aws_iam_role" "probe" {
  name = "ingest-probe"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "probe" {
  function_name = "probe"
  filename      = "probe.zip"
  handler       = "probe.handler"
  runtime       = "python3.13"
  role          = aws_iam_role.probe.arn

  environment {
    variables = {
      QUEUE = aws_sqs_queue.to_transcode.url
    }
  }
}

resource "aws_lambda_function" "fingerprint" {
  function_name = "fingerprint"
  filename      = "fingerprint.zip"
  handler       = "fingerprint.handler"
  # The audio library has no wheel for anything newer.
  runtime = "python3.9"
  role    = aws_iam_role.probe.arn
}

resource "aws_lambda_permission" "probe_on_delivery" {
  function_name = aws_lambda_function.probe.function_name
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.delivered.arn
}

resource "aws_cloudwatch_log_group" "probe" {
  name              = "/aws/lambda/probe"
  retention_in_days = 365
}
