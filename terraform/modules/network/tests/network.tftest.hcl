mock_provider "aws" {}

variables {
  name        = "vru"
  cidr        = "10.20.0.0/16"
  zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/test"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.load_balancers_cidr == "10.30.0.0/18"
    error_message = "the network of the load balancers is ${output.load_balancers_cidr}"
  }
}

run "what_must_hold" {
  # Subnets are where the manifests expect them.
  assert {
    condition     = join(" ", values(local.public)) == "10.20.0.0/20 10.20.16.0/20 10.20.32.0/20"
    error_message = "public subnets: ${join(" ", values(local.public))}"
  }

  assert {
    condition     = join(" ", values(local.app)) == "10.20.64.0/19 10.20.96.0/19 10.20.128.0/19"
    error_message = "subnets of nodes: ${join(" ", values(local.app))}"
  }

  assert {
    condition     = join(" ", values(local.data)) == "10.20.192.0/22 10.20.196.0/22 10.20.200.0/22"
    error_message = "subnets of data: ${join(" ", values(local.data))}"
  }

  # Nothing has a public address by itself.
  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.public), values(aws_subnet.app), values(aws_subnet.data)) : subnet.map_public_ip_on_launch == false])
    error_message = "a subnet gives public addresses"
  }

  assert {
    condition     = length([for route in aws_route.app : route if route.gateway_id != null && route.gateway_id != ""]) == 0
    error_message = "nodes have a route to the internet gateway"
  }

  # Each zone has its own way out.
  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(distinct([for route in aws_route.app : route.nat_gateway_id])) == 3
    error_message = "a zone depends on the NAT gateway of another"
  }
}

run "one_NAT_gateway_where_money_counts_more" {
  variables {
    nat_per_zone = false
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(distinct([for route in aws_route.app : route.nat_gateway_id])) == 1
    error_message = "not one NAT gateway for all"
  }
}

run "services_of_AWS_are_reached_inside_and_flows_are_logged" {
  assert {
    condition     = length(setsubtract(["ecr.api", "ecr.dkr", "sts", "secretsmanager"], keys(aws_vpc_endpoint.interface))) == 0 && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "an endpoint is missing"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == "10.20.0.0/16"
    error_message = "endpoints take connections from outside of the VPC"
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flows.kms_key_id == var.kms_key_arn
    error_message = "flows are not logged, or not encrypted"
  }
}

run "two_zones_are_refused" {
  command = plan

  variables {
    zones = ["eu-central-1a", "eu-central-1b"]
  }

  expect_failures = [var.zones]
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    cidr = "10.20.0.0/24"
  }

  expect_failures = [var.cidr]
}
