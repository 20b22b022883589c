module "logs" {
  source = "../private-bucket"

  name            = "${var.name}-logs"
  lifecycle_rules = [{ name = "logs", prefix = "", days = var.log_days, noncurrent_days = 7 }]

  statements = [{
    Sid       = "AccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${var.name}-logs/s3/*"
    Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::${var.name}" } }
  }]
}

# Retention of what sites see is the service's own (docs/decisions/0070-retention-per-site.md), which deletes objects by name. Here is what no
# site chooses: for how long a deleted object can come back, when something moves to colder storage, and the longest time of all.
module "data" {
  source = "../private-bucket"

  name        = var.name
  kms_key_arn = var.kms_key_arn
  # Its name is known before it exists, which decides whether there are logs at all.
  log_bucket = "${var.name}-logs"

  lifecycle_rules = [
    # Deleted pictures of people are gone after a week for good: data protection, against a mistake of ours.
    { name = "snapshots", prefix = "snapshots/", noncurrent_days = 7, days = var.longest_days },
    { name = "clips", prefix = "clips/", noncurrent_days = 7, days = var.longest_days },
    { name = "detections", prefix = "detections/", noncurrent_days = 30, days = var.longest_days, cold_days = var.detections_cold_days },
    { name = "uploads", prefix = "uploads/", noncurrent_days = 7, days = var.longest_days },
    # The API deletes archives after a day; what it did not see goes, too.
    { name = "exports", prefix = "exports/", noncurrent_days = 1, days = 8 },
  ]

  depends_on = [module.logs]
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = module.data.name

  cors_rule {
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = var.origins
    allowed_headers = ["range"]
    expose_headers  = ["content-range", "content-length"]
    max_age_seconds = 3600
  }
}
