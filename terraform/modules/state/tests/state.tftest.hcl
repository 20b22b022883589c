mock_provider "aws" {}

variables {
  bucket = "vru-test-state"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

# What is in it is tested in private-bucket and keys.
run "it_gives_what_a_backend_needs" {
  assert {
    condition     = output.bucket == "vru-test-state" && output.kms_key_arn != ""
    error_message = "the bucket is ${output.bucket}"
  }
}
