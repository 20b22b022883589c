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

module "roles" {
  source   = "../pod-role"
  for_each = local.identities

  name        = "${var.cluster_name}-${each.key}"
  description = "ServiceAccount ${each.key} in ${each.value.namespace}"
  association = { cluster_name = var.cluster_name, namespace = each.value.namespace, service_account = each.key }

  policies = {
    (each.key) = jsonencode({
      Version   = "2012-10-17"
      Statement = [for statement in each.value.statements : { for key, value in statement : key => value if key != "Condition" || length(value) > 0 }]
    })
  }
}
