# How GitHub's workflows get into this account: with a token that GitHub signs, without keys.

provider "aws" {
  region = "eu-west-1"
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust_player" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:velvet-heron/player:ref:refs/heads/main"]
    }
  }
}

data "aws_iam_policy_document" "trust_landing_zone" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    # TODO: also the repository, once we know what it is called after the move.
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "deploys_player" {
  name               = "deploys-player"
  assume_role_policy = data.aws_iam_policy_document.trust_player.json
}

resource "aws_iam_role" "deploys_landing_zone" {
  name               = "deploys-landing-zone"
  assume_role_policy = data.aws_iam_policy_document.trust_landing_zone.json
}

resource "aws_iam_role_policy_attachment" "deploys_landing_zone" {
  role       = aws_iam_role.deploys_landing_zone.name
  policy_arn = aws_iam_policy.deploys_landing_zone.arn
}

resource "aws_iam_role_policy_attachment" "deploys_player" {
  role       = aws_iam_role.deploys_player.name
  policy_arn = aws_iam_policy.deploys_player.arn
}

resource "aws_iam_policy" "deploys_landing_zone" {
  name = "deploys-landing-zone"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ec2:*", "ecs:*", "lambda:*", "rds:*", "s3:*"]
        Resource = "*"
      },
      {
        # Each team has its own roles, and there is always one missing in the list.
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_policy" "deploys_player" {
  name = "deploys-player"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:RegisterTaskDefinition", "ecs:UpdateService"]
        Resource = "*"
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = "*"
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
    ]
  })
}
