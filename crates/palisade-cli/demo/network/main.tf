# The network that playback, catalogue and ingest share.

provider "aws" {
  region = var.region
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
}

resource "aws_subnet" "public" {
  for_each          = var.public_subnets
  vpc_id            = aws_vpc.main.id
  availability_zone = each.key
  cidr_block        = each.value
}

# Nothing belongs in here: whatever lands in it forgot to name a group.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "vpn" {
  name   = "vpn"
  vpc_id = aws_vpc.main.id

  ingress {
    description = "WireGuard, which answers nobody without a key"
    protocol    = "udp"
    from_port   = 51820
    to_port     = 51820
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/network/flow"
  retention_in_days = 400
}
