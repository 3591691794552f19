#!/usr/bin/env bash
# Installs what the tests of this module need and the machine lacks: Debian
# packages by name, npm packages by the lock file, a Go program by the go.mod of
# its own. Where it may not install packages it fails and says which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

has() { command -v "$1" >/dev/null; }

missing=()
has chromium || missing+=(chromium)
has gnome-keyring-daemon || missing+=(gnome-keyring)
has dbus-run-session || missing+=(dbus)
has jupyterhub || missing+=(jupyterhub)
has jupyter-server || missing+=(jupyter-server)
has configurable-http-proxy || missing+=(node-configurable-http-proxy)
# Debian's own interpreter, whatever stands first in the path.
/usr/bin/python3 -I -c 'import keyring' 2>/dev/null || missing+=(python3-keyring)
/usr/bin/python3 -I -c 'import grpc' 2>/dev/null || missing+=(python3-grpcio)
/usr/bin/python3 -I -c 'import google.protobuf' 2>/dev/null || missing+=(python3-protobuf)
has protoc || missing+=(protobuf-compiler)
# The protos of protobuf itself, which Debian's protoc does not bring along.
[[ -e /usr/include/google/protobuf/struct.proto ]] || missing+=(libprotobuf-dev)
has redis-server || missing+=(redis-server)
has redis-sentinel || missing+=(redis-sentinel)
has grpc_python_plugin || missing+=(protobuf-compiler-grpc)

install() {
	DEBIAN_FRONTEND=noninteractive "$@" apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

if ((${#missing[@]})); then
	how="apt-get install --no-install-recommends ${missing[*]}"
	if ! has apt-get; then
		echo "integration: missing: ${missing[*]} (names of Debian packages); install them, there is no apt-get here" >&2
		exit 1
	elif [[ $(id -u) == 0 ]]; then
		{ apt-get update --quiet && install env; } || { echo "integration: could not install ${missing[*]}; try: $how" >&2; exit 1; }
	elif has sudo && sudo --non-interactive true 2>/dev/null; then
		{ sudo apt-get update --quiet && install sudo --preserve-env=DEBIAN_FRONTEND; } ||
			{ echo "integration: could not install ${missing[*]}; try: sudo $how" >&2; exit 1; }
	else
		echo "integration: missing: ${missing[*]}; install them as root: $how" >&2
		exit 1
	fi
fi

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/') || true
if ! has npm || ((${major:-0} < 20)); then
	echo "integration: missing: Node.js 20 or later, with npm (here: $(node --version 2>/dev/null || echo none))" >&2
	exit 1
fi
for dir in axe oidc-provider languages/typescript; do
	if [[ ! $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]]; then
		npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund ||
			{ echo "integration: could not install the npm packages of integration/$dir" >&2; exit 1; }
	fi
done

# oauth2-proxy has some 300 modules in its graph, and does not go with ours.
proxy=../.tmp/bin/oauth2-proxy
if [[ ! $proxy -nt oauth2-proxy/go.sum || ! $proxy -nt oauth2-proxy/go.mod ]]; then
	mkdir -p ../.tmp/bin
	GOWORK=off go build -modfile=oauth2-proxy/go.mod -o "$proxy" github.com/oauth2-proxy/oauth2-proxy/v7 ||
		{ echo "integration: could not build oauth2-proxy from its Go modules" >&2; exit 1; }
fi

# The Connect project's conformance suite: as above.
suite=../.tmp/bin/connectconformance
if [[ ! $suite -nt connectconformance/go.sum || ! $suite -nt connectconformance/go.mod ]]; then
	mkdir -p ../.tmp/bin
	GOWORK=off go build -modfile=connectconformance/go.mod -o "$suite" connectrpc.com/conformance/cmd/connectconformance ||
		{ echo "integration: could not build the conformance suite of Connect from its Go modules" >&2; exit 1; }
fi
