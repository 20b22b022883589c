mock_provider "aws" {
  mock_resource "aws_serverlessapplicationrepository_cloudformation_stack" {
    defaults = {
      outputs = { RotationLambdaARN = "arn:aws:lambda:eu-central-1:111122223333:function:vru-rotation" }
    }
  }
}

variables {
  name              = "vru"
  secret_arn        = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:vru/database-abcdef"
  subnet_ids        = ["subnet-a", "subnet-b"]
  security_group_id = "sg-rotation"
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/secrets"
  topic_arn         = "arn:aws:sns:eu-central-1:111122223333:vru"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = output.days == 90
    error_message = "another time than 90 days"
  }
}

run "passwords_change_and_somebody_is_told" {
  assert {
    condition     = aws_secretsmanager_secret_rotation.this.rotation_lambda_arn == "arn:aws:lambda:eu-central-1:111122223333:function:vru-rotation" && aws_secretsmanager_secret_rotation.this.rotation_rules[0].automatically_after_days == 90
    error_message = "the password does not change by itself"
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.arn == var.topic_arn
    error_message = "nobody is told"
  }
}
