# EKS Pod Identity: a ServiceAccount → its role. No pod has a key, and none has the role of its node.
locals {
  identities = merge(
    { for service, statements in local.bucket : service => { namespace = var.namespace, statements = statements } },
    local.watching,
    {
      external-secrets             = { namespace = "external-secrets", statements = local.secrets }
      cert-manager                 = { namespace = "cert-manager", statements = local.certificates }
      aws-load-balancer-controller = { namespace = "kube-system", statements = local.load_balancers }
    },
  )
}

resource "aws_iam_role" "this" {
  for_each = local.identities

  name        = "${var.cluster_name}-${each.key}"
  description = "ServiceAccount ${each.key} in ${each.value.namespace}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = local.identities

  name = each.key
  role = aws_iam_role.this[each.key].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in each.value.statements : { for key, value in statement : key => value if key != "Condition" || length(value) > 0 }]
  })
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = local.identities

  cluster_name    = var.cluster_name
  namespace       = each.value.namespace
  service_account = each.key
  role_arn        = aws_iam_role.this[each.key].arn
}
