variable "name" {
  description = "Name of the cluster. The tag `karpenter.sh/discovery` in k8s/components/karpenter has the same value."
  type        = string
}

variable "kubernetes_version" {
  description = "Version of Kubernetes. 1.34 and older left the standard support, or leave it in December 2026."
  type        = string
  default     = "1.35"

  validation {
    condition     = can(regex("^1\\.(3[5-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "Kubernetes 1.35 or newer."
  }
}

variable "subnet_ids" {
  description = "Subnets of nodes, one in each zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) == 3
    error_message = "One subnet in each of three zones."
  }
}

variable "control_plane_security_group_id" {
  description = "Group of the interfaces of the control plane."
  type        = string
}

variable "node_security_group_id" {
  description = "Group of the nodes."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts Secrets of Kubernetes."
  type        = string
}

variable "disk_kms_key_arn" {
  description = "Key that encrypts the disks of nodes. Null: the account's default key of EBS."
  type        = string
  default     = null
}

variable "logs_kms_key_arn" {
  description = "Key that encrypts the log of the control plane. CloudWatch Logs may use it."
  type        = string
}

variable "log_days" {
  description = "Days that the log of the control plane is kept."
  type        = number
  default     = 365
}

variable "node_role_name" {
  description = "Name of the nodes' role: `role` of the EC2NodeClass in k8s/components/karpenter."
  type        = string
  default     = "vru-node"
}

variable "administrators" {
  description = "Roles of people and pipelines that may do everything in the cluster, by a name."
  type        = map(string)

  validation {
    condition     = alltrue([for arn in values(var.administrators) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", arn))])
    error_message = "An administrator is the ARN of a role."
  }
}

variable "general_nodes" {
  description = "The node group for everything without a GPU."
  type = object({
    instance_types = list(string)
    min            = number
    max            = number
    disk_gib       = optional(number, 80)
  })

  validation {
    condition     = var.general_nodes.min >= 3 && var.general_nodes.max >= var.general_nodes.min
    error_message = "Three nodes at least, one in each zone."
  }
}

variable "addon_versions" {
  description = "Add-on → its version. Those that are not named get the default of the cluster's version."
  type        = map(string)
  default     = {}
}
