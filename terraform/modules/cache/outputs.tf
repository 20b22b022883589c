output "address" {
  description = "Host of `URL` in k8s/components/managed-data: rediss://HOST:6379."
  value       = aws_elasticache_replication_group.this.configuration_endpoint_address
}

output "node_ids" {
  description = "Nodes, for alarms."
  value       = [for shard in range(1, var.shards + 1) : [for node in range(1, var.replicas + 2) : format("%s-%04d-%03d", var.name, shard, node)]]
}

output "safety" {
  description = "What reviews and tests of an environment look at."
  value = {
    multi_az  = aws_elasticache_replication_group.this.multi_az_enabled
    encrypted = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.at_rest_encryption_enabled == "true"
    shards    = aws_elasticache_replication_group.this.num_node_groups
    replicas  = aws_elasticache_replication_group.this.replicas_per_node_group
    node_type = aws_elasticache_replication_group.this.node_type
  }
}
