mock_provider "aws" {}

variables {
  account     = "111122223333"
  environment = "production"
}

run "the_bucket_is_the_one_of_the_backend" {
  assert {
    condition     = output.bucket == "vru-production-state"
    error_message = "the bucket is ${output.bucket}"
  }
}

run "an_environment_that_does_not_exist" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}
