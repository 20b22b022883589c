locals {
  secrets = [
    {
      Sid       = "Read"
      Effect    = "Allow"
      Action    = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
      Resource  = var.secret_arns
      Condition = {}
    },
    {
      Sid       = "Key"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.secrets_kms_key_arn]
      Condition = { StringLike = { "kms:ViaService" = "secretsmanager.*.amazonaws.com" } }
    },
  ]

  # Records of a challenge, and nothing else of the zone.
  certificates = [
    {
      Sid      = "Challenges"
      Effect   = "Allow"
      Action   = ["route53:ChangeResourceRecordSets"]
      Resource = [var.zone_arn]
      Condition = {
        "ForAllValues:StringEquals" = { "route53:ChangeResourceRecordSetsRecordTypes" = ["TXT"] }
        "ForAllValues:StringLike"   = { "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_acme-challenge.*"] }
      }
    },
    {
      Sid       = "Read"
      Effect    = "Allow"
      Action    = ["route53:ListResourceRecordSets"]
      Resource  = [var.zone_arn]
      Condition = {}
    },
    {
      Sid       = "Wait"
      Effect    = "Allow"
      Action    = ["route53:GetChange"]
      Resource  = ["arn:aws:route53:::change/*"]
      Condition = {}
    },
  ]

  own = "elbv2.k8s.aws/cluster"

  # It reads everything that it chooses from, makes what it tags as its own, and changes and removes only that.
  load_balancers = [
    {
      Sid    = "Read"
      Effect = "Allow"
      Action = [
        "acm:DescribeCertificate", "acm:ListCertificates", "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcs", "ec2:GetSecurityGroupsForVpc", "elasticloadbalancing:Describe*",
        "wafv2:GetWebACL", "wafv2:GetWebACLForResource", "shield:GetSubscriptionState",
      ]
      Resource  = ["*"]
      Condition = {}
    },
    {
      Sid       = "Firewall"
      Effect    = "Allow"
      Action    = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "elasticloadbalancing:SetWebAcl"]
      Resource  = ["*"]
      Condition = {}
    },
    {
      Sid       = "MakeGroups"
      Effect    = "Allow"
      Action    = ["ec2:CreateSecurityGroup"]
      Resource  = ["*"]
      Condition = { "ForAnyValue:StringEquals" = { "ec2:Vpc" = ["arn:aws:ec2:*:*:vpc/${var.vpc_id}"] } }
    },
    {
      Sid       = "TagGroups"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = ["arn:aws:ec2:*:*:security-group/*"]
      Condition = { StringEquals = { "ec2:CreateAction" = "CreateSecurityGroup" }, Null = { "aws:RequestTag/${local.own}" = "false" } }
    },
    {
      # Into the groups of nodes, too: they carry the tag of the cluster.
      Sid       = "Rules"
      Effect    = "Allow"
      Action    = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
      Resource  = ["arn:aws:ec2:*:*:security-group/*"]
      Condition = { StringEquals = { "aws:ResourceTag/kubernetes.io/cluster/${var.cluster_name}" = "owned" } }
    },
    {
      Sid       = "OwnGroups"
      Effect    = "Allow"
      Action    = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup", "ec2:CreateTags", "ec2:DeleteTags"]
      Resource  = ["arn:aws:ec2:*:*:security-group/*"]
      Condition = { StringEquals = { "aws:ResourceTag/${local.own}" = var.cluster_name } }
    },
    {
      Sid       = "Make"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestTag/${local.own}" = var.cluster_name } }
    },
    {
      Sid    = "Listeners"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:CreateListener", "elasticloadbalancing:DeleteListener", "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteRule",
        "elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:RemoveListenerCertificates",
      ]
      Resource  = ["*"]
      Condition = {}
    },
    {
      Sid    = "ChangeItsOwn"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
      ]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:ResourceTag/${local.own}" = var.cluster_name } }
    },
    {
      Sid       = "Targets"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
      Resource  = ["arn:aws:elasticloadbalancing:*:*:targetgroup/*/*"]
      Condition = {}
    },
    {
      Sid       = "ServiceRole"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
    },
  ]
}
