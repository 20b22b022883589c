locals {
  properties = {
    "auto.create.topics.enable"        = "false"
    "allow.everyone.if.no.acl.found"   = "false"
    "default.replication.factor"       = "3"
    "min.insync.replicas"              = "2"
    "unclean.leader.election.enable"   = "false"
    "num.partitions"                   = "12"
    "message.max.bytes"                = tostring(var.max_message_bytes)
    "replica.fetch.max.bytes"          = tostring(var.max_message_bytes)
    "offsets.retention.minutes"        = "20160"
    "transaction.state.log.min.isr"    = "2"
    "group.initial.rebalance.delay.ms" = "3000"
    # Consumers with `client.rack` read from the broker of their own zone: traffic between zones costs.
    "replica.selector.class" = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
  }
}

resource "aws_msk_configuration" "this" {
  name              = var.name
  kafka_versions    = [var.kafka_version]
  server_properties = join("\n", [for key, value in local.properties : "${key}=${value}"])

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/vru/${var.name}/kafka"
  kms_key_id        = var.logs_kms_key_arn
  retention_in_days = var.log_days
}

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.brokers.count
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"
  # Frames are kept for hours: nothing is moved to cheaper storage, which keeps three days at least and no compacted topics.
  storage_mode = "LOCAL"

  broker_node_group_info {
    instance_type   = var.brokers.type
    client_subnets  = var.subnet_ids
    security_groups = [var.security_group_id]

    connectivity_info {
      public_access {
        type = "DISABLED"
      }
    }

    storage_info {
      ebs_storage_info {
        volume_size = var.brokers.disk_gib

        dynamic "provisioned_throughput" {
          for_each = var.brokers.disk_throughput == null ? [] : [var.brokers.disk_throughput]

          content {
            enabled           = true
            volume_throughput = provisioned_throughput.value
          }
        }
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      # Services. What each may do is an ACL: docs/security.md.
      scram = true
      # Administrators, who make topics and ACLs, from the bastion.
      iam = true
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.kms_key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }

  open_monitoring {
    prometheus {
      jmx_exporter {
        enabled_in_broker = true
      }

      node_exporter {
        enabled_in_broker = true
      }
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.this.name
      }
    }
  }

  lifecycle {
    # The disk grows by itself, below.
    ignore_changes = [broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size]
  }
}

resource "aws_msk_scram_secret_association" "this" {
  cluster_arn     = aws_msk_cluster.this.arn
  secret_arn_list = var.secret_arns
}

# A disk can grow and never shrink.
resource "aws_appautoscaling_target" "disk" {
  service_namespace  = "kafka"
  scalable_dimension = "kafka:broker-storage:VolumeSize"
  resource_id        = aws_msk_cluster.this.arn
  min_capacity       = 1
  max_capacity       = var.brokers.disk_max_gib
}

resource "aws_appautoscaling_policy" "disk" {
  name               = "${var.name}-disk"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.disk.service_namespace
  scalable_dimension = aws_appautoscaling_target.disk.scalable_dimension
  resource_id        = aws_appautoscaling_target.disk.resource_id

  target_tracking_scaling_policy_configuration {
    target_value     = 70
    disable_scale_in = true

    predefined_metric_specification {
      predefined_metric_type = "KafkaBrokerStorageUtilization"
    }
  }
}
