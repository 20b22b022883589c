variable "name" {
  description = "Name of the VPC, and prefix of what is in it."
  type        = string
}

variable "cidr" {
  description = "Network of the VPC. Subnets are cut out of a /16, and the manifests in k8s/ name it."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "The network is a /16, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Three availability zones."
  type        = list(string)

  validation {
    condition     = length(var.zones) == 3 && length(distinct(var.zones)) == 3
    error_message = "Three zones: the brokers of Kafka, and whoever votes, need an odd number, and one may fail."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone. With one for all, its zone takes the internet away from the others."
  type        = bool
  default     = true
}

variable "interface_endpoints" {
  description = "Services of AWS that the VPC reaches without the internet. S3 has an endpoint of its own kind."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "sts", "secretsmanager", "eks-auth", "ssm", "ssmmessages", "ec2messages"]
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs. CloudWatch Logs may use it."
  type        = string
}

variable "log_days" {
  description = "Days that flow logs are kept."
  type        = number
  default     = 365
}
