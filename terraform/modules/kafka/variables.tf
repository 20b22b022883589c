variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "kafka_version" {
  description = "Version of MSK, with KRaft."
  type        = string
  default     = "3.9.x.kraft"

  validation {
    condition     = endswith(var.kafka_version, ".kraft")
    error_message = "A version with KRaft ends with .kraft."
  }
}

variable "brokers" {
  description = "Brokers: how many (the same in each of three zones), of which type, with how much disk. docs/scale.md says what cameras need."
  type = object({
    count        = number
    type         = string
    disk_gib     = number
    disk_max_gib = number
    # MiB/s; types of 2xlarge and larger only.
    disk_throughput = optional(number)
  })

  validation {
    condition     = var.brokers.count >= 3 && var.brokers.count % 3 == 0
    error_message = "A multiple of three brokers: each zone has the same number."
  }

  validation {
    condition     = can(regex("^kafka\\.", var.brokers.type)) && !strcontains(var.brokers.type, "t3.")
    error_message = "A type such as kafka.m7g.large; t3 has no KRaft and no steady throughput."
  }

  validation {
    condition     = var.brokers.disk_max_gib >= var.brokers.disk_gib
    error_message = "The disk grows up to disk_max_gib, which is not below disk_gib."
  }
}

variable "subnet_ids" {
  description = "Subnets of data, one in each zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) == 3
    error_message = "One subnet in each of three zones."
  }
}

variable "security_group_id" {
  description = "Group of the brokers."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the brokers' disks."
  type        = string
}

variable "logs_kms_key_arn" {
  description = "Key that encrypts the brokers' logs. CloudWatch Logs may use it."
  type        = string
}

variable "log_days" {
  description = "Days that the brokers' logs are kept."
  type        = number
  default     = 90
}

variable "secret_arns" {
  description = "Secrets of the users, whose names begin with AmazonMSK_."
  type        = set(string)
}

variable "max_message_bytes" {
  description = "Largest record: frames. The topics of k8s/components/kafka have the same."
  type        = number
  default     = 8388608
}
