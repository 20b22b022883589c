mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  domain      = "vru.example.com"
  bucket      = "vru-test"
  network     = { zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  cluster     = { administrators = { platform = "arn:aws:iam::111122223333:role/platform" }, general_nodes = { instance_types = ["m7i.xlarge"], min = 3, max = 6 } }
  kafka       = { brokers = { count = 3, type = "kafka.m7g.large", disk_gib = 500, disk_max_gib = 1000 } }
  database    = { class = "db.r7g.large", storage_gib = { start = 100, max = 500 } }
  database_ca = "-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----"
  cache       = { node_type = "cache.t4g.medium" }
  alarms      = { emails = ["oncall@example.com"], budget = 5000 }
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.overlay.load_balancers_cidr == "10.20.0.0/18"
    error_message = "load balancers are in ${output.overlay.load_balancers_cidr}"
  }
}

run "parts_know_each_other" {
  assert {
    condition     = output.overlay.bucket == "vru-test" && output.overlay.node_role == "vru-node" && output.overlay.discovery_tag == "vru"
    error_message = "a name is another"
  }

  assert {
    condition     = output.contract.ports == { kafka = 9096, database = 5432, cache = 6379 }
    error_message = "a port is another"
  }

  assert {
    condition     = output.safety.database.multi_az && output.safety.database.replica == "vru" && output.safety.cache.multi_az && output.safety.kafka.zones == 3
    error_message = "a zone may not fail by default"
  }
}

run "a_long_name" {
  command = plan

  variables {
    name = "a-name-that-is-too-long-for-aws"
  }

  expect_failures = [var.name]
}
