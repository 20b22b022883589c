# Answers of AWS that have a form.
mock_resource "aws_acm_certificate" {
  defaults = {
    domain_validation_options = [
      { domain_name = "staging.vru-detection.com", resource_record_name = "_a.", resource_record_type = "CNAME", resource_record_value = "_a.acm." },
      { domain_name = "api.staging.vru-detection.com", resource_record_name = "_b.", resource_record_type = "CNAME", resource_record_value = "_b.acm." },
    ]
  }
}

mock_resource "aws_db_instance" {
  defaults = {
    master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-test", kms_key_id = "", secret_status = "active" }]
  }
}

mock_resource "aws_serverlessapplicationrepository_cloudformation_stack" {
  defaults = {
    outputs = { RotationLambdaARN = "arn:aws:lambda:eu-central-1:111122223333:function:vru-rotation" }
  }
}
