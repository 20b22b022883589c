# The bucket of an account's state, before there is one: its own state stays in a file of whoever applies this, and may be lost.
provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = [var.account]

  default_tags {
    tags = { project = "vru", managed-by = "terraform" }
  }
}

module "state" {
  source = "../modules/state"

  bucket = "vru-${var.environment}-state"
}
