# Applied once for an account, before everything else: terraform/bootstrap.
module "keys" {
  source = "../keys"

  name = var.bucket
  keys = { state = { description = "State of Terraform" } }
}

# The lock is an object beside the state (`use_lockfile`), so there is no table.
module "bucket" {
  source = "../private-bucket"

  name            = var.bucket
  kms_key_arn     = module.keys.arns["state"]
  log_bucket      = "${var.bucket}-logs"
  lifecycle_rules = [{ name = "versions", prefix = "", noncurrent_days = 365 }]

  depends_on = [module.logs]
}

module "logs" {
  source = "../private-bucket"

  name            = "${var.bucket}-logs"
  lifecycle_rules = [{ name = "logs", prefix = "", days = 365, noncurrent_days = 7 }]

  statements = [{
    Sid       = "AccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${var.bucket}-logs/s3/*"
    Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::${var.bucket}" } }
  }]
}
