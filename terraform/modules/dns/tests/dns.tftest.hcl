mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      domain_validation_options = [
        { domain_name = "vru.example.com", resource_record_name = "_a.vru.example.com.", resource_record_type = "CNAME", resource_record_value = "_a.acm." },
        { domain_name = "api.vru.example.com", resource_record_name = "_b.vru.example.com.", resource_record_type = "CNAME", resource_record_value = "_b.acm." },
      ]
    }
  }
}

variables {
  domain = "vru.example.com"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.hosts.alerts == "alerts.vru.example.com"
    error_message = "alerts are at ${output.hosts.alerts}"
  }
}

run "the_certificate_has_both_hosts_and_is_validated" {
  assert {
    condition     = aws_acm_certificate.this.subject_alternative_names == toset(["api.vru.example.com"]) && length(aws_route53_record.validation) == 2
    error_message = "a host is missing"
  }

  assert {
    condition     = aws_route53_record.validation["api.vru.example.com"].name == "_b.vru.example.com."
    error_message = "the record is that of another host"
  }
}

run "no_domain" {
  command = plan

  variables {
    domain = "https://vru.example.com"
  }

  expect_failures = [var.domain]
}
