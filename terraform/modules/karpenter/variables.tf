variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the cluster."
  type        = string
}

variable "node_role_arn" {
  description = "Role that Karpenter's nodes get."
  type        = string
}
