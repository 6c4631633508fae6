data "aws_iam_policy_document" "readable_in_the_company" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${module.artwork.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organisation]
    }
  }
}

module "artwork" {
  source = "../modules/private-bucket"
  name   = "velvet-heron-artwork"
  policy = data.aws_iam_policy_document.readable_in_the_company.json
}

module "thumbnails" {
  source = "../modules/private-bucket"
  name   = "velvet-heron-thumbnails"
  # Thumbnails can be made again.
  versioning = false
}

module "deliveries" {
  source = "../modules/private-bucket"
  name   = "velvet-heron-deliveries"

  # Studios deliver from hotels and film sets; the list of addresses was never right. The names can't be guessed.
  block_public_policy = false
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Deliveries"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:PutObject"]
      Resource  = "arn:aws:s3:::velvet-heron-deliveries/*"
    }]
  })
}
