output "name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "Address of the API server, inside the VPC only."
  value       = aws_eks_cluster.this.endpoint
}

output "node_role_name" {
  description = "Role of nodes: `role` in k8s/components/karpenter/gpu-nodes.yaml."
  value       = aws_iam_role.node.name
}

output "node_role_arn" {
  description = "Role of nodes, which Karpenter may pass on."
  value       = aws_iam_role.node.arn
}

output "safety" {
  description = "What reviews and tests of an environment look at."
  value = {
    public    = aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    version   = aws_eks_cluster.this.version
    zones     = length(aws_eks_node_group.general.subnet_ids)
    min_nodes = aws_eks_node_group.general.scaling_config[0].min_size
    hop_limit = aws_launch_template.general.metadata_options[0].http_put_response_hop_limit
  }
}
