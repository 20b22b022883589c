variable "name" {
  description = "Name of the cluster, and prefix of the groups."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "vpc_cidr" {
  description = "Network of the VPC, where the endpoints of AWS services are."
  type        = string
}

variable "camera_networks" {
  description = "Networks of cameras that are pulled, as in k8s/base/platform/internet.yaml."
  type        = set(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]

  validation {
    condition     = alltrue([for network in var.camera_networks : can(cidrhost(network, 0)) && network != "0.0.0.0/0"])
    error_message = "Networks of cameras are networks, and not the whole internet."
  }
}
