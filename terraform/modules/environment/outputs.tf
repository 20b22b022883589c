output "overlay" {
  description = "What the overlay of k8s/ takes from here: the table \"What you change\" of docs/deploy.md."
  value = {
    brokers             = module.kafka.brokers
    rack_names          = join(",", [for zone, id in module.network.zone_ids : "${zone}=${id}"])
    database_host       = module.database.host
    redis_url           = "rediss://${module.cache.address}:${module.security_groups.ports.cache}"
    bucket              = module.bucket.name
    region              = local.region
    waf_arn             = module.waf.arn
    file_system_id      = module.files.id
    node_role           = module.cluster.node_role_name
    discovery_tag       = module.network.discovery_tag
    vpc_cidr            = module.network.cidr
    load_balancers_cidr = module.network.load_balancers_cidr
    camera_networks     = module.security_groups.cameras.networks
    hosts               = module.dns.hosts
    images              = module.registry.urls
  }
}

# A test compares these with the manifests.
output "contract" {
  description = "Names and ports that manifests and account share."
  value = {
    ports            = module.security_groups.ports
    internet_ports   = module.security_groups.internet_ports
    camera_ports     = module.security_groups.cameras.ports
    secrets          = module.secrets.properties
    service_accounts = module.identities.service_accounts
    pod_logs         = module.pod_logs.names
    karpenter        = module.karpenter.service_account
  }
}

output "safety" {
  description = "What reviews and tests look at."
  value = {
    cluster  = module.cluster.safety
    kafka    = module.kafka.safety
    database = module.database.safety
    cache    = module.cache.safety
  }
}

output "people" {
  description = "What people need: the bastion, the administrators' way to Kafka and the database, name servers, Karpenter's queue."
  value = {
    bastion          = module.bastion.instance_id
    session_document = module.bastion.session_document
    cluster          = module.cluster.name
    endpoint         = module.cluster.endpoint
    kafka_admin      = module.kafka.admin_brokers
    database_admin   = module.database.admin_secret_arn
    name_servers     = module.dns.name_servers
    nat_addresses    = module.network.nat_addresses
    karpenter_queue  = module.karpenter.queue_name
    backup_vault     = module.backup.vault_arn
  }
}
