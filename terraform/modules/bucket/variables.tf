variable "name" {
  description = "Name of the bucket: `BUCKET` of the overlay. Access logs go to NAME-logs."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts objects."
  type        = string
}

variable "origins" {
  description = "Origins of the web app, which shows pictures and videos of the bucket by signed addresses."
  type        = list(string)

  validation {
    condition     = alltrue([for origin in var.origins : can(regex("^https://[a-z0-9.-]+$", origin))])
    error_message = "An origin is https:// and a host."
  }
}

variable "detections_cold_days" {
  description = "Days after which Parquet files of detections move to colder storage, from which they are read at once."
  type        = number
  default     = 90
}

variable "longest_days" {
  description = "Days that anything is kept at most, whatever sites have chosen. Null: as sites have chosen."
  type        = number
  default     = null
}

variable "log_days" {
  description = "Days that access logs are kept."
  type        = number
  default     = 365
}
