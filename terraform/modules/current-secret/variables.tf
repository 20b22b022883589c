variable "secret_id" {
  description = "Secret whose current value is read."
  type        = string
}

variable "property" {
  description = "Property of the value, which is JSON."
  type        = string
}
