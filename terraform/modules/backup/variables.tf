variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the vault."
  type        = string
}

variable "resources" {
  description = "ARNs of what is backed up: the database, the bucket and the file system."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["database", "bucket"], keys(var.resources))) == 0
    error_message = "The database and the bucket are backed up in any case."
  }
}

variable "daily_days" {
  description = "Days that daily backups are kept."
  type        = number
  default     = 35

  validation {
    condition     = var.daily_days >= 7
    error_message = "7 days at least, which the lock of the vault demands."
  }
}

variable "monthly_days" {
  description = "Days that monthly backups are kept. Retention of pictures of people ends with them: what was deleted is in a backup for as long."
  type        = number
  default     = 90

  validation {
    condition     = var.monthly_days >= var.daily_days
    error_message = "Not shorter than the daily ones."
  }
}

variable "copy_vault_arn" {
  description = "Vault in another region or account that gets a copy of each daily backup. Null: none."
  type        = string
  default     = null
}

variable "restore_subnet_group" {
  description = "Subnet group in which the restored database is tried."
  type        = string
}

variable "restore_security_group_id" {
  description = "Group of the restored database, which nobody reaches."
  type        = string
}

variable "topic_arn" {
  description = "Where it is told that a backup or a trial of one failed."
  type        = string
}
