variable "names" {
  type    = set(string)
  default = ["a", "b"]
}
variable "encrypted" { default = true }
locals {
  tags = merge({ team = "media" }, var.encrypted ? { safe = "yes" } : {})
  twice = "${local.tags["team"]}-${local.once}"
  once  = local.twice
}
resource "aws_ebs_volume" "each" {
  for_each          = var.names
  availability_zone = "eu-west-1${each.key}"
  size              = 40
  encrypted         = var.encrypted
  kms_key_id        = aws_kms_key.k[0].arn
  tags              = local.tags
}
resource "aws_kms_key" "k" {
  count  = 2
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*" }] })
}
