variable "kms_key_arn" {
  description = "Key that encrypts the secrets. MSK refuses the account's default key."
  type        = string
}

variable "kafka_users" {
  description = "Users of Kafka: a service NAME has the secret AmazonMSK_vru-kafka-NAME, which k8s/components/secrets-aws reads."
  type        = set(string)
  default     = ["api", "webhooks", "ingest", "infer", "sink-postgres", "sink-s3", "sink-alerts", "keda"]
}

variable "database" {
  description = "Where the database is, for vru/database and vru/database-replica."
  type = object({
    host         = string
    replica_host = string
    name         = string
    user         = string
  })
}

variable "database_ca" {
  description = "CA bundle of RDS in this region, which AWS publishes: PEM."
  type        = string

  validation {
    condition     = startswith(trimspace(var.database_ca), "-----BEGIN CERTIFICATE-----")
    error_message = "A bundle of certificates as PEM: docs/deploy.md says where it is."
  }
}

variable "database_values_version" {
  description = "Counted up to write vru/database anew, with another password: after the host has changed, or the CA. The function that rotates must not be at work."
  type        = number
  default     = 1
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days >= 7 && var.recovery_days <= 30
    error_message = "7 to 30 days."
  }
}
