module "kafka" {
  source = "../.."

  name              = "vru-example"
  brokers           = { count = 3, type = "kafka.m7g.large", disk_gib = 500, disk_max_gib = 1000 }
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-kafka"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  logs_kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/logs"
  secret_arns       = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:AmazonMSK_vru-kafka-ingest-abcdef"]
}

output "name" {
  value = module.kafka.name
}
