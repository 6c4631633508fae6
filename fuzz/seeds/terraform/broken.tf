resource "a" "b" {
  x = (((((("${"${"
}
resource "aws_s3_bucket" "kept" {}
