variable "name" {
  description = "Name of the file system."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of data, one in each zone, in which it is mounted."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the mount targets."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts files."
  type        = string
}
