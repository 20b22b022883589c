mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  account          = "111122223333"
  administrators   = { platform = "arn:aws:iam::111122223333:role/platform" }
  emails           = ["oncall@example.com"]
  database_ca_file = "tests/ca.pem"
}

run "production" {
  assert {
    condition     = output.safety.cluster.public == false && output.safety.kafka.public == false && output.safety.database.public == false
    error_message = "something is public"
  }

  assert {
    condition     = output.safety.database.multi_az && output.safety.database.replica == "vru" && output.safety.cache.multi_az && output.safety.cache.replicas >= 1 && output.safety.kafka.zones == 3 && output.safety.cluster.zones == 3
    error_message = "a zone may not fail"
  }

  assert {
    condition     = output.safety.database.encrypted && output.safety.cache.encrypted && output.safety.kafka.client_broker == "TLS"
    error_message = "something is not encrypted"
  }

  assert {
    condition     = output.safety.database.deletion_protection && output.safety.database.backup_days >= 7 && output.safety.cluster.hop_limit == 1
    error_message = "the database can be deleted, has few backups, or pods reach the credentials of nodes"
  }

  assert {
    condition     = output.safety.kafka.brokers >= 3 && output.safety.kafka.type == "kafka.m7g.2xlarge" && output.safety.cluster.min_nodes >= 3
    error_message = "fewer or smaller brokers or nodes than docs/scale.md needs"
  }

  assert {
    condition     = output.safety.database.class == "db.r7g.2xlarge" && output.safety.database.backup_days == 35 && output.safety.cache.shards == 3
    error_message = "a smaller database or cache, or fewer backups"
  }
}

run "another_number_is_no_account" {
  command = plan

  variables {
    account = "1111"
  }

  expect_failures = [var.account]
}
