variable "hexadecimal" {
  type    = bool
  default = false
}

variable "mock" {
  type      = string
  ephemeral = true
  default   = "mock"
}

output "value" {
  value     = var.mock
  ephemeral = true
  sensitive = true
}
