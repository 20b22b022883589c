locals {
  gib = 1024 * 1024 * 1024

  database = merge([for role in ["primary", "replica"] : {
    "database-${role}-cpu"     = { metric = "CPUUtilization", threshold = 85, minutes = 15, what = "The ${role} is busy for a quarter of an hour" }
    "database-${role}-storage" = { metric = "FreeStorageSpace", threshold = var.database.low_storage_gib * local.gib, minutes = 5, below = true, what = "Storage of the ${role} is nearly full, and has not grown" }
    "database-${role}-memory"  = { metric = "FreeableMemory", threshold = 0.5 * local.gib, minutes = 15, below = true, what = "The ${role} has less than 512 MiB of memory left" }
    "database-${role}-gone"    = { metric = "DatabaseConnections", threshold = 0, minutes = 10, below = true, missing = "breaching", what = "The ${role} reports nothing" }
  }]...)

  database_only = {
    database-connections = { role = "primary", metric = "DatabaseConnections", threshold = floor(0.85 * var.database.max_connections), minutes = 5, what = "Nearly all connections of the database are used" }
    database-replica-lag = { role = "replica", metric = "ReplicaLag", threshold = var.database.replica_lag_secs, minutes = 5, missing = "breaching", what = "The replica is behind: lists and statistics are old" }
  }

  kafka = {
    kafka-offline    = { metric = "OfflinePartitionsCount", threshold = 0, minutes = 2, what = "Partitions have no leader: nothing is written to them" }
    kafka-controller = { metric = "ActiveControllerCount", threshold = 1, minutes = 5, below = true, statistic = "Sum", what = "The cluster has no controller" }
  }

  brokers = merge([for broker in range(1, var.kafka.brokers + 1) : {
    "kafka-${broker}-disk"       = { broker = broker, metric = "KafkaDataLogsDiskUsed", threshold = 80, minutes = 5, what = "The disk of broker ${broker} is 80 % full, and has not grown" }
    "kafka-${broker}-replicas"   = { broker = broker, metric = "UnderReplicatedPartitions", threshold = 0, minutes = 15, what = "Partitions of broker ${broker} lack a replica" }
    "kafka-${broker}-cpu"        = { broker = broker, metric = "CpuUser", threshold = 60, minutes = 15, what = "Broker ${broker} is busy: another could not take over its load" }
    "kafka-${broker}-throttling" = { broker = broker, metric = "TrafficShaping", threshold = 0, minutes = 15, what = "AWS throttles the network of broker ${broker}" }
  }]...)

  cache = merge([for node in var.cache_nodes : {
    "cache-${node}-cpu"    = { node = node, metric = "EngineCPUUtilization", threshold = 85, minutes = 10, what = "Node ${node} of the cache is busy" }
    "cache-${node}-memory" = { node = node, metric = "DatabaseMemoryUsagePercentage", threshold = 90, minutes = 15, what = "Node ${node} of the cache is full and drops what is not used" }
  }]...)

  nat = { for zone in var.nat_zones : "nat-${zone}-ports" => { zone = zone, metric = "ErrorPortAllocation", threshold = 0, minutes = 5, what = "The NAT gateway of ${zone} has no ports left: webhooks fail" } }

  defaults = { below = false, missing = "notBreaching", statistic = "Maximum" }

  described = merge(
    { for name, each in local.database : name => merge(each, { namespace = "AWS/RDS", dimensions = { DBInstanceIdentifier = strcontains(name, "-primary-") ? var.database.primary : var.database.replica } }) },
    { for name, each in local.database_only : name => merge(each, { namespace = "AWS/RDS", dimensions = { DBInstanceIdentifier = each.role == "primary" ? var.database.primary : var.database.replica } }) },
    { for name, each in local.kafka : name => merge(each, { namespace = "AWS/Kafka", dimensions = { "Cluster Name" = var.kafka.name } }) },
    { for name, each in local.brokers : name => merge(each, { namespace = "AWS/Kafka", dimensions = { "Cluster Name" = var.kafka.name, "Broker ID" = tostring(each.broker) } }) },
    { for name, each in local.cache : name => merge(each, { namespace = "AWS/ElastiCache", dimensions = { CacheClusterId = each.node } }) },
    { for name, each in local.nat : name => merge(each, { namespace = "AWS/NATGateway", dimensions = { NatGatewayId = var.nat_gateways[each.zone] } }) },
  )

  alarms = { for name, each in local.described : name => merge(local.defaults, each) }
}
