variable "name" {
  description = "Name of the cluster and prefix of everything. One account has one environment, so that it is the same in all of them."
  type        = string
  default     = "vru"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "2 to 21 lowercase letters, digits and hyphens."
  }
}

variable "domain" {
  description = "Host of the web app."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket of pictures, videos and detections."
  type        = string
}

variable "network" {
  description = "Network of the VPC, its zones, and whether each zone has a NAT gateway."
  type = object({
    cidr            = optional(string, "10.20.0.0/16")
    zones           = list(string)
    nat_per_zone    = optional(bool, true)
    camera_networks = optional(set(string), ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])
  })
}

variable "cluster" {
  description = "Version of Kubernetes, its administrators (a name → a role), and the general nodes."
  type = object({
    version        = optional(string, "1.35")
    administrators = map(string)
    general_nodes  = object({ instance_types = list(string), min = number, max = number })
  })
}

variable "kafka" {
  description = "Version of MSK and its brokers."
  type = object({
    version = optional(string, "3.9.x.kraft")
    brokers = object({ count = number, type = string, disk_gib = number, disk_max_gib = number, disk_throughput = optional(number) })
  })
}

variable "database" {
  description = "PostgreSQL: class of the instance and of its replica, storage, standby, days of backups."
  type = object({
    version         = optional(string, "17")
    class           = string
    replica_class   = optional(string)
    storage_gib     = object({ start = number, max = number })
    multi_az        = optional(bool, true)
    backup_days     = optional(number, 14)
    max_connections = optional(number, 1000)
  })
}

variable "database_ca" {
  description = "CA bundle of RDS in this region: PEM."
  type        = string
}

variable "cache" {
  description = "Valkey: type of the nodes, shards, replicas of each."
  type = object({
    node_type = string
    shards    = optional(number, 3)
    replicas  = optional(number, 1)
  })
}

variable "alarms" {
  description = "Who is told, and the budget in US dollars a month."
  type        = object({ emails = set(string), budget = number })
}

variable "backup_copy_vault_arn" {
  description = "Vault in another region or account that gets copies. Null: none."
  type        = string
  default     = null
}
