variable "bucket" {
  description = "Name of the bucket that keeps the state of the environment's Terraform."
  type        = string
}
