mock_provider "aws" {}

variables {
  name              = "vru"
  brokers           = { count = 3, type = "kafka.m7g.2xlarge", disk_gib = 1000, disk_max_gib = 4000, disk_throughput = 250 }
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-kafka"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  logs_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  secret_arns       = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_vru-kafka-ingest-abcdef"]
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.name == "vru-example"
    error_message = "the cluster has another name"
  }
}

run "what_must_hold" {
  # Everything is encrypted.
  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS" && aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].in_cluster
    error_message = "clients or brokers may speak without TLS"
  }

  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_at_rest_kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.logs_kms_key_arn
    error_message = "disks or logs are not encrypted with the keys"
  }

  # Nobody connects without a name or from outside.
  assert {
    condition     = aws_msk_cluster.this.client_authentication[0].unauthenticated == false && aws_msk_cluster.this.client_authentication[0].sasl[0].scram
    error_message = "clients need no name"
  }

  assert {
    condition     = aws_msk_cluster.this.broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED"
    error_message = "brokers have public addresses"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "allow.everyone.if.no.acl.found=false")
    error_message = "what has no ACL is for everybody"
  }

  # A zone may fail.
  assert {
    condition     = length(aws_msk_cluster.this.broker_node_group_info[0].client_subnets) == 3 && aws_msk_cluster.this.number_of_broker_nodes % 3 == 0
    error_message = "brokers are not in three zones"
  }

  assert {
    condition = alltrue([
      for line in ["default.replication.factor=3", "min.insync.replicas=2", "unclean.leader.election.enable=false", "replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector"] :
      contains(split("\n", aws_msk_configuration.this.server_properties), line)
    ])
    error_message = "records are on fewer than three brokers, or the nearest is not read"
  }

  # Frames stay on the brokers disks which grow.
  assert {
    condition     = aws_msk_cluster.this.storage_mode == "LOCAL" && endswith(aws_msk_cluster.this.kafka_version, ".kraft")
    error_message = "tiered storage, or ZooKeeper"
  }

  assert {
    condition     = aws_appautoscaling_target.disk.max_capacity == 4000 && aws_msk_cluster.this.broker_node_group_info[0].storage_info[0].ebs_storage_info[0].provisioned_throughput[0].volume_throughput == 250
    error_message = "the disk has another size or throughput"
  }
}

run "four_brokers_are_refused" {
  command = plan

  variables {
    brokers = { count = 4, type = "kafka.m7g.large", disk_gib = 500, disk_max_gib = 1000 }
  }

  expect_failures = [var.brokers]
}

run "ZooKeeper_is_refused" {
  command = plan

  variables {
    kafka_version = "3.9.x"
  }

  expect_failures = [var.kafka_version]
}
