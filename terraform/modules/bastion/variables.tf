variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "subnet_id" {
  description = "A subnet of nodes: no public address, a way to the endpoints of SSM."
  type        = string
}

variable "security_group_id" {
  description = "A group without any ingress rule."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the disk and the log of sessions."
  type        = string
}

variable "kafka_cluster_arn" {
  description = "The cluster of MSK whose topics and permissions are made from here."
  type        = string
}

variable "instance_type" {
  description = "Type of the instance, with ARM processors."
  type        = string
  default     = "t4g.small"

  validation {
    condition     = can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
    error_message = "The image is for ARM: a type such as t4g.small."
  }
}

variable "log_days" {
  description = "Days that the log of sessions is kept."
  type        = number
  default     = 365
}
