resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${split(".", var.engine_version)[0]}"
  description = "TLS only, slow statements and connections are logged"

  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"              = { value = "1", method = "immediate" }
      "ssl_min_protocol_version"   = { value = "TLSv1.2", method = "immediate" }
      "password_encryption"        = { value = "scram-sha-256", method = "immediate" }
      "log_connections"            = { value = "1", method = "immediate" }
      "log_disconnections"         = { value = "1", method = "immediate" }
      "log_lock_waits"             = { value = "1", method = "immediate" }
      "log_min_duration_statement" = { value = "1000", method = "immediate" }
      # Statements with their values would write people's names into the log.
      "log_statement"                       = { value = "ddl", method = "immediate" }
      "log_parameter_max_length"            = { value = "0", method = "immediate" }
      "max_connections"                     = { value = tostring(var.max_connections), method = "pending-reboot" }
      "shared_preload_libraries"            = { value = "pg_stat_statements", method = "pending-reboot" }
      "idle_in_transaction_session_timeout" = { value = "60000", method = "immediate" }
      # A read on the replica that takes longer is cancelled, so that the replica does not fall behind.
      "max_standby_streaming_delay" = { value = "30000", method = "immediate" }
    }

    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.method
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "monitoring" {
  name = "${var.name}-database-monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  db_name        = var.database_name

  # RDS makes the administrator's password, keeps it in Secrets Manager and changes it every seven days.
  username                      = "vru_admin"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  storage_type          = "gp3"
  allocated_storage     = var.storage_gib.start
  max_allocated_storage = var.storage_gib.max
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  multi_az               = var.multi_az
  publicly_accessible    = false
  port                   = 5432
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.security_group_id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_days
  backup_window             = "01:00-02:00"
  maintenance_window        = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"

  auto_minor_version_upgrade            = true
  iam_database_authentication_enabled   = true
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade", "iam-db-auth-error"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
}

# The API reads lists and statistics here (docs/decisions/0064-reads-from-a-replica.md).
resource "aws_db_instance" "replica" {
  identifier          = "${var.name}-replica"
  replicate_source_db = aws_db_instance.this.identifier
  instance_class      = coalesce(var.replica_class, var.instance_class)

  storage_type          = "gp3"
  max_allocated_storage = var.storage_gib.max
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  multi_az               = false
  publicly_accessible    = false
  port                   = 5432
  vpc_security_group_ids = [var.security_group_id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  maintenance_window    = "sun:04:00-sun:05:00"
  copy_tags_to_snapshot = true
  deletion_protection   = true
  # A replica has nothing that its source has not.
  skip_final_snapshot = true

  auto_minor_version_upgrade            = true
  iam_database_authentication_enabled   = true
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
}
