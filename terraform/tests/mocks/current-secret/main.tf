variable "secret_id" {
  type = string
}

variable "property" {
  type = string
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
