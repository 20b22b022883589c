data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  region  = data.aws_region.current.region
  account = data.aws_caller_identity.current.account_id
  owned   = "aws:ResourceTag/kubernetes.io/cluster/${var.cluster_name}"

  # Event of AWS → what EventBridge looks for. Karpenter drains a node before it goes.
  events = {
    health           = { source = "aws.health", type = "AWS Health Event" }
    spot             = { source = "aws.ec2", type = "EC2 Spot Instance Interruption Warning" }
    rebalance        = { source = "aws.ec2", type = "EC2 Instance Rebalance Recommendation" }
    state            = { source = "aws.ec2", type = "EC2 Instance State-change Notification" }
    capacity-reserve = { source = "aws.ec2", type = "EC2 Capacity Reservation Instance Interruption Warning" }
  }
}

resource "aws_sqs_queue" "this" {
  name                      = var.cluster_name
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com"] }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.this.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.this.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.events

  name          = "${var.cluster_name}-karpenter-${each.key}"
  description   = "For Karpenter: ${each.value.type}"
  event_pattern = jsonencode({ source = [each.value.source], "detail-type" = [each.value.type] })
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.events

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_sqs_queue.this.arn
}

module "role" {
  source = "../pod-role"

  name        = "${var.cluster_name}-karpenter"
  description = "ServiceAccount karpenter in kube-system"
  association = { cluster_name = var.cluster_name, namespace = "kube-system", service_account = "karpenter" }
  policies    = { karpenter = local.policy }
}
