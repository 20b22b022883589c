mock_provider "aws" {}

variables {
  name        = "vru-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/bucket"
  origins     = ["https://vru.test"]
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }
}

run "pictures_are_shown_to_the_web_app_only" {
  assert {
    condition     = one(aws_s3_bucket_cors_configuration.this.cors_rule).allowed_origins == toset(["https://vru.test"]) && one(aws_s3_bucket_cors_configuration.this.cors_rule).allowed_methods == toset(["GET", "HEAD"])
    error_message = "other pages may read or write objects"
  }
}

run "every_page_is_refused_as_an_origin" {
  command = plan

  variables {
    origins = ["*"]
  }

  expect_failures = [var.origins]
}
