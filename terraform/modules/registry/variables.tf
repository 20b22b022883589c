variable "prefix" {
  description = "Prefix of the repositories."
  type        = string
  default     = "vru"
}

variable "images" {
  description = "Images: the names in the overlays without `vru-`."
  type        = set(string)
  default     = ["web", "api", "ingest", "infer", "infer-gpu", "sink", "migrate", "collector"]
}

variable "kms_key_arn" {
  description = "Key that encrypts images."
  type        = string
}

variable "kept_images" {
  description = "Images of each repository that are kept; older ones go."
  type        = number
  default     = 100
}
