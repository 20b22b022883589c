module "pod_role" {
  source = "../.."

  name        = "vru-example-reader"
  description = "ServiceAccount reader in vru-detection"
  association = { cluster_name = "vru-example", namespace = "vru-detection", service_account = "reader" }

  policies = {
    reader = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["arn:aws:s3:::vru-example/uploads/*"]
      }]
    })
  }
}

output "service_account" {
  value = module.pod_role.service_account
}
