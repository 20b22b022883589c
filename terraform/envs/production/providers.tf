provider "aws" {
  region = "eu-central-1"
  # With the credentials of another account, nothing happens.
  allowed_account_ids = [var.account]

  default_tags {
    tags = {
      project     = "vru"
      environment = "production"
      managed-by  = "terraform"
      owner       = var.owner
    }
  }
}
