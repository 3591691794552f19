#!/usr/bin/env bash
# Usage: tools/fuzz-smoke.sh FUZZTIME
#
# Runs every fuzz target of the module for FUZZTIME. `go test -fuzz` takes one
# target of one package at a time, so each is run by itself; the first one also
# builds the instrumented dependencies, which takes minutes on a cold cache.
set -euo pipefail
fuzztime=$1
limit=900 # seconds for one target, its build included

fuzz() {
	timeout --signal=INT "$limit" go test -run='^$' -fuzz="^$2\$" -fuzztime="$fuzztime" -parallel=2 "$1" 2>&1 | tee "$log"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
count=0
while read -r dir; do
	# Listing compiles the test binary: only where there is a target at all.
	grep -qE '^func Fuzz' "$dir"/*_test.go || continue
	list=$(go test -list='^Fuzz' "$dir")
	for target in $(grep '^Fuzz' <<<"$list" || true); do
		echo "fuzz ${dir#"$PWD"/} $target"
		if ! fuzz "$dir" "$target"; then
			# Under load the fuzzer may report the end of its own time as a failure;
			# a real one names the failing input. Such a run is repeated once.
			grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || exit 1
			fuzz "$dir" "$target"
		fi
		count=$((count + 1))
	done
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...)
echo "fuzz-smoke: $count targets, $fuzztime each, no failure"
