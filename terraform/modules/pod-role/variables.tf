variable "name" {
  description = "Name of the role."
  type        = string
}

variable "description" {
  description = "Whose role it is."
  type        = string
}

variable "association" {
  description = "The ServiceAccount that has the role. Null: an add-on of EKS associates its own."
  type        = object({ cluster_name = string, namespace = string, service_account = string })
  default     = null
}

variable "policies" {
  description = "What it may do: the name of a policy → the policy, in JSON."
  type        = map(string)
  default     = {}
}

variable "aws_policies" {
  description = "Policies of AWS that it has, by their path."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for path in var.aws_policies : !strcontains(path, "arn:") && !contains(["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"], path)])
    error_message = "The path behind arn:aws:iam::aws:policy/, of a policy that does not allow everything."
  }
}
