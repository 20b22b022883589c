# Karpenter makes and removes machines that carry the tag of this cluster, and no others.
locals {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = [
          "ec2:DescribeAvailabilityZones", "ec2:DescribeCapacityReservations", "ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus",
          "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplates", "ec2:DescribePlacementGroups",
          "ec2:DescribeSecurityGroups", "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets", "pricing:GetProducts",
        ]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = [local.region, "us-east-1"] } }
      },
      {
        Sid      = "Images"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:aws:ssm:${local.region}::parameter/aws/service/*"
      },
      {
        Sid    = "StartFrom"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource = [
          for kind in ["image/*", "snapshot/*", "security-group/*", "subnet/*", "capacity-reservation/*"] :
          "arn:aws:ec2:${local.region}:${contains(["image/*", "snapshot/*"], kind) ? "" : local.account}:${kind}"
        ]
      },
      {
        Sid       = "StartFromOwnTemplates"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource  = "arn:aws:ec2:${local.region}:${local.account}:launch-template/*"
        Condition = { StringEquals = { (local.owned) = "owned" } }
      },
      {
        Sid    = "Start"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"]
        Resource = [
          for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] : "arn:aws:ec2:${local.region}:${local.account}:${kind}/*"
        ]
        Condition = { StringEquals = { "aws:RequestTag/kubernetes.io/cluster/${var.cluster_name}" = "owned" } }
      },
      {
        Sid    = "TagWhatItStarts"
        Effect = "Allow"
        Action = "ec2:CreateTags"
        Resource = [
          for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] : "arn:aws:ec2:${local.region}:${local.account}:${kind}/*"
        ]
        Condition = { StringEquals = { "ec2:CreateAction" = ["RunInstances", "CreateFleet", "CreateLaunchTemplate"] } }
      },
      {
        Sid       = "EndAndTagItsOwn"
        Effect    = "Allow"
        Action    = ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate", "ec2:CreateTags"]
        Resource  = [for kind in ["instance", "launch-template"] : "arn:aws:ec2:${local.region}:${local.account}:${kind}/*"]
        Condition = { StringEquals = { (local.owned) = "owned" } }
      },
      {
        Sid       = "NodeRole"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.node_role_arn
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      },
      {
        Sid       = "MakeProfiles"
        Effect    = "Allow"
        Action    = ["iam:CreateInstanceProfile", "iam:TagInstanceProfile"]
        Resource  = "arn:aws:iam::${local.account}:instance-profile/*"
        Condition = { StringEquals = { "aws:RequestTag/kubernetes.io/cluster/${var.cluster_name}" = "owned" } }
      },
      {
        Sid       = "ChangeItsProfiles"
        Effect    = "Allow"
        Action    = ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"]
        Resource  = "arn:aws:iam::${local.account}:instance-profile/*"
        Condition = { StringEquals = { (local.owned) = "owned" } }
      },
      {
        Sid      = "ReadProfiles"
        Effect   = "Allow"
        Action   = ["iam:GetInstanceProfile", "iam:ListInstanceProfiles"]
        Resource = "arn:aws:iam::${local.account}:instance-profile/*"
      },
      {
        Sid      = "Cluster"
        Effect   = "Allow"
        Action   = "eks:DescribeCluster"
        Resource = var.cluster_arn
      },
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        Resource = aws_sqs_queue.this.arn
      },
    ]
  })
}
