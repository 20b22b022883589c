variable "name" {
  description = "Name of the web ACL."
  type        = string
}

variable "requests_in_5_minutes" {
  description = "Requests of one address that are let through. A control room with many people has one address, and each open page asks for live state."
  type        = number
  default     = 10000

  validation {
    condition     = var.requests_in_5_minutes >= 100
    error_message = "100 at least."
  }
}

variable "logs_kms_key_arn" {
  description = "Key that encrypts the log. CloudWatch Logs may use it."
  type        = string
}

variable "log_days" {
  description = "Days that the log of refused requests is kept."
  type        = number
  default     = 90
}
