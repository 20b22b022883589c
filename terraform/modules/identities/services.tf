locals {
  # Service → what it does with objects, by prefix. The label `needs-bucket` of the manifests is on the same services.
  objects = {
    api = {
      # Signed addresses, exports, deletions by time, uploads.
      "snapshots"  = ["s3:GetObject", "s3:DeleteObject"]
      "clips"      = ["s3:GetObject", "s3:DeleteObject"]
      "detections" = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      "uploads"    = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      "exports"    = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    }
    ingest = {
      "uploads" = ["s3:GetObject"]
    }
    sink-s3 = {
      "snapshots"  = ["s3:PutObject", "s3:AbortMultipartUpload"]
      "clips"      = ["s3:PutObject", "s3:AbortMultipartUpload"]
      "detections" = ["s3:PutObject", "s3:AbortMultipartUpload"]
    }
  }

  bucket = {
    for service, prefixes in local.objects : service => concat([
      {
        Sid       = "List"
        Effect    = "Allow"
        Action    = service == "api" ? ["s3:ListBucket", "s3:ListBucketMultipartUploads"] : ["s3:ListBucket"]
        Resource  = [var.bucket_arn]
        Condition = {}
      },
      {
        # The bucket's key through S3 only.
        Sid       = "Key"
        Effect    = "Allow"
        Action    = anytrue([for actions in values(prefixes) : contains(actions, "s3:PutObject")]) ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]
        Resource  = [var.bucket_kms_key_arn]
        Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } }
      },
      ], [
      for prefix, actions in prefixes : {
        Sid       = title(prefix)
        Effect    = "Allow"
        Action    = actions
        Resource  = ["${var.bucket_arn}/${prefix}/*"]
        Condition = {}
      }
    ])
  }
}
