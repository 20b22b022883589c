variable "name" {
  description = "Log group: COLLECTOR_LOG_GROUP of the log agent."
  type        = string
  default     = "/vru/pods"
}

variable "stream" {
  description = "Stream: COLLECTOR_LOG_STREAM of the log agent."
  type        = string
  default     = "pods"
}

variable "days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731 days."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts logs. CloudWatch Logs may use it."
  type        = string
}
