# shellcheck shell=bash
# What the tests of terraform/ need: Terraform itself, and a provider that has the types of the AWS provider and nothing else.

setup_terraform() {
  terraform_fits || build_terraform
  build_stub_provider
}

# A machine's own is taken if it has write-only arguments.
terraform_fits() {
  local version
  [ ! -e "$CACHE/bin/terraform" ] || return 1
  version=$(CHECKPOINT_DISABLE=1 terraform version -json 2>/dev/null | sed -n 's/.*"terraform_version": "\([0-9.]*\)".*/\1/p') || return 1
  [ -n "$version" ] && [ "$(printf '%s\n' "$TERRAFORM_OLDEST" "$version" | sort -V | head -n 1)" = "$TERRAFORM_OLDEST" ] && [ "${version%%.*}" = 1 ]
}

# Places of state outside of the machine are Go modules of their own, which have no versions: without them Terraform cannot `apply` with a
# backend, which no test does.
build_terraform() {
  local source key module name folder=$WORK/terraform
  key=$TERRAFORM_VERSION
  have terraform "$key" "$CACHE/bin/terraform" && return 0
  say "Terraform $TERRAFORM_VERSION"
  mkdir -p "$folder"
  printf 'module vru/terraform\n' >"$folder/go.mod"
  retry env -C "$folder" go mod download "github.com/hashicorp/terraform@$TERRAFORM_VERSION" >&2 || die "Go could not fetch Terraform $TERRAFORM_VERSION"
  source=$(go env GOMODCACHE)/github.com/hashicorp/terraform@$TERRAFORM_VERSION
  printf 'module vru/terraform\n\n%s\n\nrequire github.com/hashicorp/terraform %s\n' "$(grep -E '^go ' "$source/go.mod")" "$TERRAFORM_VERSION" >"$folder/go.mod"
  while read -r module; do
    name=${module##*/}
    mkdir -p "$folder/absent/$name"
    printf 'module %s\n\ngo 1.23\n' "$module" >"$folder/absent/$name/go.mod"
    absent_backend "$module" "$name" >"$folder/absent/$name/absent.go"
    printf 'replace %s => ./absent/%s\n' "$module" "$name" >>"$folder/go.mod"
  done < <(sed -n 's|^replace \([^ ]*\) => \./.*|\1|p' "$source/go.mod")
  retry env -C "$folder" GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/hashicorp/terraform/version.dev=no" \
    -o terraform github.com/hashicorp/terraform >&2 || die "Go could not build Terraform $TERRAFORM_VERSION; this is $(go version)"
  put "$folder/terraform" "$CACHE/bin/terraform"
  stamp terraform "$key"
}

absent_backend() {
  printf 'package %s\n' "$2"
  case $1 in
    */remote-state/*) printf '\nimport "github.com/hashicorp/terraform/internal/backend"\n\nfunc New() backend.Backend { panic("this Terraform is for tests: it keeps no state elsewhere") }\n' ;;
  esac
}

build_stub_provider() {
  local source=$ROOT/terraform/tests/stub-provider key target folder=$WORK/stub-provider architecture
  architecture=$(go env GOARCH) || die "Go is missing"
  target=$CACHE/terraform/mirror/registry.terraform.io/hashicorp/aws/$AWS_PROVIDER_VERSION/linux_$architecture/terraform-provider-aws_v${AWS_PROVIDER_VERSION}_x5
  key=$(cat "$source"/*.py "$source"/*.go "$source/go.sum" | sha256sum | cut -d' ' -f1)-$AWS_TYPES_SHA256
  have stub-provider "$key" "$target" "$CACHE/terraform/terraformrc" && return 0
  say "types of the AWS provider $AWS_PROVIDER_VERSION (by npm)"
  mkdir -p "$folder"
  cp "$source"/*.go "$source/go.mod" "$source/go.sum" "$folder"
  retry npm pack "@cdktn/provider-aws@$AWS_TYPES_VERSION" --silent --pack-destination "$WORK" >&2 || die "npm did not give @cdktn/provider-aws $AWS_TYPES_VERSION"
  verify "$WORK/cdktn-provider-aws-$AWS_TYPES_VERSION.tgz" "$AWS_TYPES_SHA256"
  tar xzf "$WORK/cdktn-provider-aws-$AWS_TYPES_VERSION.tgz" -C "$folder" --wildcards '*/index.js' '*/index.d.ts'
  python3 "$source/schema.py" "$folder/package" "$folder/schema" "$AWS_PROVIDER_VERSION" >&2 || die "$source/schema.py could not read the types"
  retry env -C "$folder" GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o provider . >&2 || die "Go could not build $source; this is $(go version)"
  rm -rf "$CACHE/terraform/mirror"
  put "$folder/provider" "$target"
  printf 'disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$CACHE/terraform/mirror" >"$CACHE/terraform/terraformrc"
  stamp stub-provider "$key"
}
