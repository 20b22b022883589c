variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "namespace" {
  description = "Namespace of the services: k8s/base/platform/namespaces.yaml."
  type        = string
  default     = "vru-detection"
}

variable "bucket_arn" {
  description = "The bucket of pictures, videos and detections."
  type        = string
}

variable "bucket_kms_key_arn" {
  description = "Key that encrypts it."
  type        = string
}

variable "secret_arns" {
  description = "Secrets that External Secrets reads, and no others."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.secret_arns : !strcontains(arn, "*")])
    error_message = "Each secret by its own ARN."
  }
}

variable "secrets_kms_key_arn" {
  description = "Key that encrypts them."
  type        = string
}

variable "zone_arn" {
  description = "Zone of Route 53 in which cert-manager proves that a name is ours."
  type        = string
}

variable "vpc_id" {
  description = "The VPC in which the load balancer controller works."
  type        = string
}

variable "log_group_arn" {
  description = "Log group of pods, which the log agent writes to."
  type        = string
}
