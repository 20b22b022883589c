# Made once by terraform/bootstrap. The lock is an object beside the state; `-backend-config="kms_key_id=…"` names the key.
terraform {
  backend "s3" {
    bucket       = "vru-production-state"
    key          = "vru.tfstate"
    region       = "eu-central-1"
    encrypt      = true
    use_lockfile = true
  }
}
