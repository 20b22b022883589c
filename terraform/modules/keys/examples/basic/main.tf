module "keys" {
  source = "../.."

  name = "vru-example"
  keys = {
    data = { description = "Databases" }
    logs = { description = "Logs", services = ["logs.eu-central-1.amazonaws.com"] }
  }
}

output "arns" {
  value = module.keys.arns
}
