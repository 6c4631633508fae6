provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      team        = "playback"
      environment = var.environment
    }
  }
}

data "aws_ami" "player" {
  owners      = ["self"]
  most_recent = true

  filter {
    name   = "name"
    values = ["player-*"]
  }
}

resource "aws_instance" "player" {
  count                       = 2
  ami                         = data.aws_ami.player.id
  instance_type               = "c7g.xlarge"
  associate_public_ip_address = false
  vpc_security_group_ids      = [aws_security_group.player.id]

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted = true
  }
}

resource "aws_instance" "transcoder" {
  ami                         = data.aws_ami.player.id
  instance_type               = "c7i.4xlarge"
  associate_public_ip_address = false
  vpc_security_group_ids      = [aws_security_group.transcoder.id]
  iam_instance_profile        = "transcoder"

  metadata_options {
    # The old statistics agent only knows version 1. Gone by March, says the vendor.
    http_tokens = "optional"
  }

  root_block_device {
    encrypted = true
  }
}

resource "aws_ebs_volume" "scratch" {
  availability_zone = "eu-west-1a"
  size              = 2000
  type              = "gp3"
  # Only half-finished films, and it was said to be faster.
  encrypted = false
}

resource "aws_ebs_volume" "masters" {
  availability_zone = "eu-west-1a"
  size              = 8000
  type              = "gp3"
  encrypted         = true
}

resource "aws_ebs_volume" "statistics" {
  availability_zone = "eu-west-1a"
  size              = 100
  type              = "gp3"
}

resource "aws_lb" "player" {
  name            = local.name
  subnets         = var.subnets
  security_groups = [aws_security_group.balancer.id]
}
