variable "domain" {
  description = "Host of the web app; the API is api.DOMAIN, cameras push to rtsp.DOMAIN, alerts are at alerts.DOMAIN."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "A domain such as vru-detection.com."
  }
}

variable "authorities" {
  description = "Authorities that may sign certificates of the domain: that of ACM, and that of cert-manager's ClusterIssuer."
  type        = list(string)
  default     = ["amazon.com", "letsencrypt.org"]
}
