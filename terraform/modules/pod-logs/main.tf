resource "aws_cloudwatch_log_group" "this" {
  name              = var.name
  retention_in_days = var.days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = var.stream
  log_group_name = aws_cloudwatch_log_group.this.name
}
