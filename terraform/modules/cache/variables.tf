variable "name" {
  description = "Identifier of the cluster."
  type        = string
}

variable "engine_version" {
  description = "Version of Valkey."
  type        = string
  default     = "8.0"
}

variable "node_type" {
  description = "Type of the nodes."
  type        = string

  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "A type such as cache.r7g.large."
  }
}

variable "shards" {
  description = "Shards of the cluster."
  type        = number
  default     = 3

  validation {
    condition     = var.shards >= 1 && var.shards <= 90
    error_message = "1 to 90 shards."
  }
}

variable "replicas" {
  description = "Replicas of each shard, in other zones."
  type        = number
  default     = 1

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 5
    error_message = "One replica at least: without, a zone that fails takes its shards along."
  }
}

variable "subnet_ids" {
  description = "Subnets of data, one in each zone."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the cache."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts disks and snapshots."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "Key that encrypts the logs. CloudWatch Logs may use it."
  type        = string
}

variable "auth_token" {
  description = "Password of clients, which is in the secret vru/redis. Terraform hands it on and does not keep it."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "auth_token_version" {
  description = "Counted up when the password is another."
  type        = number
  default     = 1
}
