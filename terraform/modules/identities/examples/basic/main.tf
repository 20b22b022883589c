module "identities" {
  source = "../.."

  cluster_name        = "vru-example"
  bucket_arn          = "arn:aws:s3:::vru-example"
  bucket_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/bucket"
  secret_arns         = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:vru/redis-abcdef"]
  secrets_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  zone_arn            = "arn:aws:route53:::hostedzone/Z123"
  vpc_id              = "vpc-example"
  log_group_arn       = "arn:aws:logs:eu-central-1:111122223333:log-group:/vru/pods"
}

output "service_accounts" {
  value = module.identities.service_accounts
}
