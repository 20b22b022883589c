variable "name" {
  description = "Identifier of the instance."
  type        = string
}

variable "engine_version" {
  description = "Version of PostgreSQL: a major one, whose newest minor version RDS takes."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^(1[7-9]|[2-9][0-9])(\\.[0-9]+)?$", var.engine_version))
    error_message = "PostgreSQL 17 or newer."
  }
}

variable "instance_class" {
  description = "Class of the instance."
  type        = string

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "A class such as db.r7g.xlarge."
  }
}

variable "replica_class" {
  description = "Class of the read replica. Null: the class of the instance."
  type        = string
  default     = null
}

variable "storage_gib" {
  description = "Storage at the start, and up to which it grows by itself."
  type        = object({ start = number, max = number })

  validation {
    condition     = var.storage_gib.start >= 20 && var.storage_gib.max > var.storage_gib.start
    error_message = "20 GiB at least, and room to grow."
  }
}

variable "multi_az" {
  description = "A standby in another zone."
  type        = bool
  default     = true
}

variable "backup_days" {
  description = "Days to any second of which the database can be restored."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "7 to 35 days."
  }
}

variable "subnet_ids" {
  description = "Subnets of data, one in each zone."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the database."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts storage, snapshots, Performance Insights and the administrator's password."
  type        = string
}

variable "database_name" {
  description = "Name of the database: `DATABASE` in k8s/base."
  type        = string
  default     = "vru"
}

variable "max_connections" {
  description = "Setting max_connections. 20 replicas of the API open 28 each at most, and sinks 4."
  type        = number
  default     = 1000
}
