mock_provider "aws" {}

variables {
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/registry"
}

run "the_example_works" {
  module {
    source = "./examples/basic"
  }

  assert {
    condition     = length(output.urls) == 2
    error_message = "each image has a repository"
  }
}

run "images_do_not_change_and_are_scanned" {
  assert {
    condition     = alltrue([for each in aws_ecr_repository.this : each.image_tag_mutability == "IMMUTABLE" && each.image_scanning_configuration[0].scan_on_push])
    error_message = "a tag can be moved, or an image is not scanned"
  }

  assert {
    condition     = alltrue([for each in aws_ecr_repository.this : each.encryption_configuration[0].kms_key == var.kms_key_arn])
    error_message = "images are not encrypted with the key"
  }

  assert {
    condition     = keys(aws_ecr_lifecycle_policy.this) == keys(aws_ecr_repository.this) && length(aws_ecr_repository.this) == length(var.images)
    error_message = "old images of a repository are kept for ever"
  }
}
