variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lowercase letters, digits and hyphens."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts objects. Null: S3's own keys, which are all that delivery of load balancer logs supports."
  type        = string
  default     = null
}

variable "log_bucket" {
  description = "Bucket that takes the access logs. Null: no access logs, for the bucket of logs itself."
  type        = string
  default     = null
}

variable "lifecycle_rules" {
  description = "What is deleted or moved after how many days, by prefix. An empty prefix is the whole bucket. `days` counts from the object's creation, `noncurrent_days` from its replacement or deletion."
  type = list(object({
    name            = string
    prefix          = string
    days            = optional(number)
    noncurrent_days = optional(number, 30)
    cold_days       = optional(number)
  }))
  default = [{ name = "versions", prefix = "" }]

  validation {
    condition     = alltrue([for rule in var.lifecycle_rules : rule.noncurrent_days >= 1 && coalesce(rule.days, 1) >= 1 && coalesce(rule.cold_days, 30) >= 30])
    error_message = "Days are 1 or more, and objects become cold after 30 days at the earliest."
  }
}

variable "statements" {
  description = "More statements of the bucket's policy, as objects of IAM."
  type        = any
  default     = []
}
