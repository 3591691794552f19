#!/usr/bin/env bash
# Builds jetway for every system into a directory: static binaries, which are the same
# bytes wherever they are built with the same version of Go, their checksums, the man
# pages, and for each a list of what is in it (SBOM, CycloneDX). DIST_TARGETS, such as
# "linux/amd64 darwin/arm64", names fewer systems. DIST_SIZE is the most bytes that a
# binary may have.
set -euo pipefail
out=$1 sbom=$2
targets=${DIST_TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
size=${DIST_SIZE:-28000000}
package=github.com/jetway-go/jetway/cmd/jetway
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
rm -rf "$out"
mkdir -p "$out"
version=$(git describe --tags --always --dirty 2>/dev/null || echo devel)
for target in $targets; do
	os=${target%/*} arch=${target#*/} end=
	[[ $os == windows ]] && end=.exe
	file=$out/jetway-$os-$arch$end
	GOOS=$os GOARCH=$arch go vet ./cmd/jetway/...
	GOOS=$os GOARCH=$arch go build -trimpath -ldflags="-s -w -buildid= -X $package/internal/command.Version=$version" -o "$file" ./cmd/jetway
	bytes=$(wc -c <"$file")
	if ((bytes > size)); then
		echo "$file has $bytes bytes: more than $size" >&2
		exit 1
	fi
	"$sbom" bin -json -licenses=false -noserial -notimestamp -version "$version" -output "$file.cdx.json" "$file" >/dev/null
done
go run ./cmd/jetway/internal/manual man "$out/man"
(cd "$out" && sha256sum jetway-* man/* >SHA256SUMS)
ls -l "$out"
