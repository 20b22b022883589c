module "state" {
  source = "../.."

  bucket = "vru-example-state"
}

output "bucket" {
  value = module.state.bucket
}
