# A backup that nobody has restored is a hope: each week the newest ones are restored beside everything, and removed again.
resource "aws_backup_restore_testing_plan" "this" {
  # Letters, digits and underscores only.
  name                         = replace("${var.name}_weekly", "-", "_")
  schedule_expression          = "cron(0 6 ? * SUN *)"
  schedule_expression_timezone = "UTC"
  start_window_hours           = 4

  recovery_point_selection {
    algorithm             = "LATEST_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.this.arn]
    recovery_point_types  = ["SNAPSHOT"]
    selection_window_days = 7
  }
}

resource "aws_backup_restore_testing_selection" "database" {
  name                      = "database"
  restore_testing_plan_name = aws_backup_restore_testing_plan.this.name
  protected_resource_type   = "RDS"
  protected_resource_arns   = [var.resources["database"]]
  iam_role_arn              = aws_iam_role.this.arn
  validation_window_hours   = 2

  restore_metadata_overrides = {
    dbSubnetGroupName   = var.restore_subnet_group
    vpcSecurityGroupIds = jsonencode([var.restore_security_group_id])
    publiclyAccessible  = "false"
    multiAZ             = "false"
  }
}

resource "aws_backup_restore_testing_selection" "bucket" {
  name                      = "bucket"
  restore_testing_plan_name = aws_backup_restore_testing_plan.this.name
  protected_resource_type   = "S3"
  protected_resource_arns   = [var.resources["bucket"]]
  iam_role_arn              = aws_iam_role.this.arn
  validation_window_hours   = 2
}

resource "aws_cloudwatch_event_rule" "failed" {
  name        = "${var.name}-backup-failed"
  description = "A backup, a copy, or a restore that was tried has failed"

  event_pattern = jsonencode({
    source        = ["aws.backup"]
    "detail-type" = ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"]
    # Backup and copy jobs have `state`, restores `status`.
    detail = { "$or" = [{ state = ["FAILED", "ABORTED", "EXPIRED"] }, { status = ["FAILED", "ABORTED"] }] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule = aws_cloudwatch_event_rule.failed.name
  arn  = var.topic_arn
}
