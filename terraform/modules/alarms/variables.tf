variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts messages. CloudWatch, EventBridge and Budgets may use it."
  type        = string
}

variable "emails" {
  description = "Who gets alarms. Each address is asked to confirm."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "One address at least."
  }
}

variable "budget" {
  description = "US dollars a month. Told at 80 and 100 percent, and when the forecast is above."
  type        = number

  validation {
    condition     = var.budget > 0
    error_message = "More than nothing."
  }
}

variable "database" {
  description = "Identifiers of the database and of its replica; connections it takes; bytes of storage below which it is told."
  type = object({
    primary          = string
    replica          = string
    max_connections  = number
    low_storage_gib  = number
    replica_lag_secs = optional(number, 30)
  })
}

variable "kafka" {
  description = "Cluster of MSK, and its number of brokers."
  type        = object({ name = string, brokers = number })
}

variable "cache_nodes" {
  description = "Nodes of ElastiCache."
  type        = list(string)
}

variable "nat_gateways" {
  description = "Zone → NAT gateway."
  type        = map(string)
}

variable "nat_zones" {
  description = "Zones that have a NAT gateway."
  type        = set(string)
}
