# shellcheck shell=bash
# What builds the images and runs them as a cluster does, without a container engine, what says what is in them, and a registry for the test.

IMAGE_PACKAGES=(binutils bubblewrap buildah crun docker-registry mmdebstrap skopeo)

setup_images() {
  install_debian "${IMAGE_PACKAGES[@]}"
  setup_syft
  # It has the schemas of CycloneDX.
  setup_peer images
}

setup_syft() { go_program syft "github.com/anchore/syft/cmd/syft@$SYFT_VERSION"; }
