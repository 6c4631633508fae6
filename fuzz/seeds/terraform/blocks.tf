resource "aws_security_group" "web" {
  dynamic "ingress" {
    for_each = [80, 443]
    iterator = port
    content {
      from_port   = port.value
      to_port     = port.value
      protocol    = "tcp"
      cidr_blocks = [for c in ["0.0.0.0/0"] : c if c != ""]
    }
  }
  lifecycle { ignore_changes = [tags] }
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
resource "aws_s3_bucket_policy" "p" {
  bucket = "b"
  policy = data.aws_iam_policy_document.d.json
}
output "text" {
  value = <<-EOT
    %{ for x in [1, 2] ~}
    ${x}
    %{ endfor ~}
  EOT
}
module "self" { source = "./" }
