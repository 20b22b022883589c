locals {
  # Both may write and read nothing.
  watching = {
    collector = {
      namespace = var.namespace
      statements = [{
        # X-Ray has no resources.
        Sid       = "Traces"
        Effect    = "Allow"
        Action    = ["xray:PutTraceSegments"]
        Resource  = ["*"]
        Condition = {}
      }]
    }
    log-agent = {
      namespace = "vru-logs"
      statements = [{
        Sid       = "Logs"
        Effect    = "Allow"
        Action    = ["logs:PutLogEvents"]
        Resource  = ["${var.log_group_arn}:log-stream:*"]
        Condition = {}
      }]
    }
  }
}
