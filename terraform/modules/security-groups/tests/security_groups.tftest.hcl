mock_provider "aws" {}

variables {
  name     = "vru"
  vpc_id   = "vpc-test"
  vpc_cidr = "10.20.0.0/16"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = length(output.ids) == 9
    error_message = "a group is missing"
  }
}

run "what_must_hold" {
  # Nothing is open to the internet.
  assert {
    condition = alltrue([
      for rule in concat(values(aws_vpc_security_group_ingress_rule.flow), [aws_vpc_security_group_ingress_rule.between_nodes]) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null
    ])
    error_message = "a group takes connections from a network instead of from a group"
  }

  assert {
    condition     = alltrue([for flow in local.flows : flow.to != "bastion"])
    error_message = "the bastion has an open port"
  }

  # Servers of data are reached by those who need them.
  assert {
    condition     = toset([for flow in local.flows : flow.from if flow.to == "database"]) == toset(["nodes", "bastion", "rotation"])
    error_message = "somebody else reaches the database"
  }

  assert {
    condition     = alltrue([for flow in local.flows : flow.from == "nodes" if contains(["cache", "files"], flow.to)])
    error_message = "somebody else reaches the cache or the files"
  }

  assert {
    condition     = length([for flow in local.flows : flow if contains(["database", "cache", "kafka", "files"], flow.from)]) == 0
    error_message = "a server of data connects to something"
  }

  # Nodes reach the internet at named ports only.
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.internet : rule.ip_protocol == "tcp" && contains([443, 8883], rule.from_port) && rule.from_port == rule.to_port])
    error_message = "nodes reach any port of the internet"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.tools.from_port == 443 && aws_vpc_security_group_egress_rule.tools.to_port == 443
    error_message = "the bastion reaches other ports of the internet than 443"
  }
}

run "cameras_are_not_the_whole_internet" {
  command = plan

  variables {
    camera_networks = ["0.0.0.0/0"]
  }

  expect_failures = [var.camera_networks]
}
