variable "account" {
  description = "Number of the account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "12 digits."
  }
}

variable "owner" {
  description = "Team that owns it: a tag of everything."
  type        = string
  default     = "platform"
}

variable "administrators" {
  description = "Roles that may do everything in the cluster, by a name: people of the platform, the pipeline."
  type        = map(string)
}

variable "emails" {
  description = "Who gets alarms."
  type        = set(string)
}

variable "database_ca_file" {
  description = "File with the CA bundle of RDS in eu-central-1; docs/deploy.md says where AWS publishes it."
  type        = string
  default     = "rds-ca.pem"
}

variable "backup_copy_vault_arn" {
  description = "Vault in another region or account that gets copies of backups. Null: none."
  type        = string
  default     = null
}
