data "aws_region" "current" {}

data "aws_partition" "current" {}

# The function is published by AWS. The administrator's password is RDS's own and needs none.
resource "aws_serverlessapplicationrepository_cloudformation_stack" "this" {
  name           = "${var.name}-rotation"
  application_id = "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSPostgreSQLRotationSingleUser"
  capabilities   = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]

  parameters = {
    functionName        = "${var.name}-rotation"
    endpoint            = "https://secretsmanager.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
    vpcSubnetIds        = join(",", var.subnet_ids)
    vpcSecurityGroupIds = var.security_group_id
    kmsKeyArn           = var.kms_key_arn
    # None that means something in an address such as postgres://USER:PASSWORD@HOST.
    excludeCharacters = " %+~`#$&*()|[]{}:;<>?!'/@\"\\=,^"
  }
}

resource "aws_secretsmanager_secret_rotation" "this" {
  secret_id           = var.secret_arn
  rotation_lambda_arn = aws_serverlessapplicationrepository_cloudformation_stack.this.outputs.RotationLambdaARN
  # The first change is made by hand, when the database has the user.
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = var.days
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  name        = "${var.name}-rotation"
  description = "A password was changed, and services must be restarted; or it could not be"

  event_pattern = jsonencode({
    source        = ["aws.secretsmanager"]
    "detail-type" = ["AWS Service Event via CloudTrail"]
    detail        = { eventName = ["RotationSucceeded", "RotationFailed"] }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = var.topic_arn
}
