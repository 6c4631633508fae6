locals {
  name = "playback-${var.environment}"
  vpn  = "10.20.254.0/24"
}

resource "aws_security_group" "balancer" {
  name   = "${local.name}-balancer"
  vpc_id = var.vpc

  dynamic "ingress" {
    for_each = { http = 80, https = 443 }
    content {
      description = ingress.key
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = ["0.0.0.0/0"]
    }
  }

  egress {
    protocol        = "tcp"
    from_port       = 8080
    to_port         = 8080
    security_groups = [aws_security_group.player.id]
  }
}

resource "aws_security_group" "player" {
  name   = "${local.name}-player"
  vpc_id = var.vpc
}

resource "aws_vpc_security_group_ingress_rule" "player_from_balancer" {
  security_group_id            = aws_security_group.player.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.balancer.id
}

resource "aws_vpc_security_group_ingress_rule" "player_from_vpn" {
  security_group_id = aws_security_group.player.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = local.vpn
}

resource "aws_security_group" "transcoder" {
  name   = "${local.name}-transcoder"
  vpc_id = var.vpc
}

resource "aws_vpc_security_group_ingress_rule" "transcoder_ssh" {
  for_each          = toset(var.admin_ranges)
  security_group_id = aws_security_group.transcoder.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = each.value
}

resource "aws_security_group" "editing" {
  name   = "${local.name}-editing"
  vpc_id = var.vpc

  ingress {
    description = "The editors' desktops"
    protocol    = "tcp"
    from_port   = 3389
    to_port     = 3389
    cidr_blocks = [var.office_range]
  }
}

# For an incident: -var with_debugging=true, and off again afterwards.
resource "aws_security_group" "debugging" {
  count  = var.with_debugging ? 1 : 0
  name   = "${local.name}-debugging"
  vpc_id = var.vpc

  ingress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
