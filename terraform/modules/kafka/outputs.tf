output "arn" {
  description = "ARN of the cluster."
  value       = aws_msk_cluster.this.arn
}

output "name" {
  description = "Name of the cluster, for alarms."
  value       = aws_msk_cluster.this.cluster_name
}

output "brokers" {
  description = "`BROKERS` in k8s/components/managed-data: TLS with SCRAM."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
}

output "admin_brokers" {
  description = "For administrators, with IAM, from the bastion."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_iam
}

output "safety" {
  description = "What reviews and tests of an environment look at."
  value = {
    client_broker = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker
    public        = aws_msk_cluster.this.broker_node_group_info[0].connectivity_info[0].public_access[0].type != "DISABLED"
    zones         = length(aws_msk_cluster.this.broker_node_group_info[0].client_subnets)
    brokers       = aws_msk_cluster.this.number_of_broker_nodes
    type          = aws_msk_cluster.this.broker_node_group_info[0].instance_type
  }
}
