locals {
  before_nodes = {
    eks-pod-identity-agent = {}
    kube-proxy             = {}
    # Without the agent, network policies are accepted and do nothing.
    vpc-cni = { enableNetworkPolicy = "true", env = { ENABLE_PREFIX_DELEGATION = "true" } }
  }

  after_nodes = {
    coredns            = { replicaCount = 3 }
    metrics-server     = {}
    aws-efs-csi-driver = {}
    aws-ebs-csi-driver = { defaultStorageClass = { enabled = true } }
  }
}

resource "aws_eks_addon" "before_nodes" {
  for_each = local.before_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  configuration_values        = length(each.value) > 0 ? jsonencode(each.value) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  dynamic "pod_identity_association" {
    for_each = contains(keys(local.addon_roles), each.key) ? [local.addon_roles[each.key]] : []

    content {
      role_arn        = module.addon_roles[each.key].arn
      service_account = pod_identity_association.value.service_account
    }
  }
}

resource "aws_eks_addon" "after_nodes" {
  for_each = local.after_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  configuration_values        = length(each.value) > 0 ? jsonencode(each.value) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  dynamic "pod_identity_association" {
    for_each = contains(keys(local.addon_roles), each.key) ? [local.addon_roles[each.key]] : []

    content {
      role_arn        = module.addon_roles[each.key].arn
      service_account = pod_identity_association.value.service_account
    }
  }

  depends_on = [aws_eks_node_group.general]
}
