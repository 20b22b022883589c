variable "name" {
  description = "Prefix of the function's name."
  type        = string
}

variable "secret_arn" {
  description = "The secret whose password is changed, with the properties that the function of AWS expects (modules/secrets)."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets from which the function reaches the database and the endpoint of Secrets Manager."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the function."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the secret."
  type        = string
}

variable "days" {
  description = "Days between two changes. Services read passwords when they start: after a change they are restarted, and docs/deploy.md says how."
  type        = number
  default     = 90

  validation {
    condition     = var.days >= 7 && var.days <= 365
    error_message = "7 to 365 days."
  }
}

variable "topic_arn" {
  description = "Where it is told that a password was changed, or was not."
  type        = string
}
