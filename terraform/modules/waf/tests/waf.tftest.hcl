mock_provider "aws" {}

variables {
  name             = "vru"
  logs_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/logs"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

run "what_must_hold" {
  # Known attacks and floods are refused.
  assert {
    condition     = length(aws_wafv2_web_acl.this.rule) == 5 && length([for rule in aws_wafv2_web_acl.this.rule : rule if length(flatten(rule.override_action[*].none)) == 1]) == 4
    error_message = "a group of rules is missing, or counts only"
  }

  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this.rule : rule.statement[0].rate_based_statement[0].limit if rule.name == "rate"]) == 10000
    error_message = "there is no limit of requests"
  }

  # Uploads and addresses of cameras pass.
  assert {
    condition = length(setsubtract(["SizeRestrictions_BODY", "GenericRFI_BODY"], flatten([
      for rule in aws_wafv2_web_acl.this.rule : [for each in rule.statement[0].managed_rule_group_statement[0].rule_action_override : each.name] if rule.name == "common"
    ]))) == 0
    error_message = "a rule about bodies refuses uploads or cameras"
  }

  # Tokens are not in the log.
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : field.single_header[0].name]) == toset(["authorization", "cookie"])
    error_message = "tokens are logged"
  }
}
