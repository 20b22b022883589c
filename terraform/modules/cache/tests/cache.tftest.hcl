mock_provider "aws" {}

variables {
  name              = "vru"
  node_type         = "cache.r7g.large"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-cache"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  logs_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  auth_token        = "not-a-password"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.node_ids[2][1] == "vru-example-0003-002"
    error_message = "nodes have other names"
  }
}

run "what_must_hold" {
  # It is a cluster and a zone may fail.
  assert {
    condition     = aws_elasticache_replication_group.this.num_node_groups == 3 && aws_elasticache_replication_group.this.replicas_per_node_group == 1
    error_message = "not three shards with a replica"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.multi_az_enabled && aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "the cache is not Multi-AZ"
  }

  assert {
    condition     = one([for each in aws_elasticache_parameter_group.this.parameter : each.value if each.name == "cluster-enabled"]) == "yes"
    error_message = "cluster mode is off"
  }

  # Everything is encrypted and clients have a password.
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    error_message = "clients may connect without TLS"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.at_rest_encryption_enabled == "true" && aws_elasticache_replication_group.this.kms_key_id == var.kms_key_arn
    error_message = "disks are not encrypted with the key"
  }

  assert {
    condition     = aws_elasticache_replication_group.this.auth_token_wo_version == 1 && aws_elasticache_replication_group.this.auth_token == null && aws_elasticache_replication_group.this.auth_token_wo == null
    error_message = "there is no password, or Terraform keeps it"
  }
}

run "no_replica_is_refused" {
  command = plan

  variables {
    replicas = 0
  }

  expect_failures = [var.replicas]
}
