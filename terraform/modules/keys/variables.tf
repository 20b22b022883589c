variable "name" {
  description = "Prefix of the keys' names."
  type        = string
}

variable "keys" {
  description = "Key → what it is for, and the services of AWS that use it for this account on their own, by the name of their principal."
  type = map(object({
    description = string
    services    = optional(list(string), [])
  }))

  validation {
    condition     = alltrue(flatten([for key in var.keys : [for service in key.services : endswith(service, ".amazonaws.com")]]))
    error_message = "A service is a principal like logs.eu-central-1.amazonaws.com."
  }
}
