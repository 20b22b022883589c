module "cache" {
  source = "../.."

  name              = "vru-example"
  node_type         = "cache.t4g.medium"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-cache"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  logs_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  auth_token        = var.auth_token
}

variable "auth_token" {
  description = "Password of clients."
  type        = string
  ephemeral   = true
  sensitive   = true
  default     = null
}

output "node_ids" {
  value = module.cache.node_ids
}
