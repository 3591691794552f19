#!/usr/bin/env bash
# Usage: tools/fuzz-smoke.sh FUZZTIME
#
# Runs every fuzz target of the module for FUZZTIME. `go test -fuzz` takes one
# target of one package at a time, so each is run by itself; the first one also
# builds the instrumented dependencies, which takes minutes on a cold cache.
set -euo pipefail
fuzztime=$1

# -fuzztime does not end a target that hangs. Where there is timeout(1), a target has
# so many seconds, its build included; macOS has none, or has it as gtimeout.
limited=()
for program in timeout gtimeout; do
	if command -v "$program" >/dev/null; then
		limited=("$program" --signal=INT 900)
		break
	fi
done

fuzz() {
	# An empty array is an unset variable to the bash of macOS.
	${limited[@]+"${limited[@]}"} go test -run='^$' -fuzz="^$2\$" -fuzztime="$fuzztime" -parallel=2 "$1" </dev/null 2>&1 | tee "$log"
}

# Under load the fuzzer may report the end of its own time as a failure: in a line that says
# nothing else. A real one names the failing input, or the seed.
ended_by_clock() {
	grep -qx ' *context deadline exceeded' "$log" && ! grep -qE 'Failing input|seed corpus entry' "$log"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
dirs=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./...)
count=0 again=0
while read -r dir; do
	# Listing compiles the test binary: only where there is a target at all.
	grep -qE '^func Fuzz' "$dir"/*_test.go || continue
	list=$(go test -list='^Fuzz' "$dir")
	for target in $(grep '^Fuzz' <<<"$list" || true); do
		echo "fuzz ${dir#"$PWD"/} $target"
		runs=1
		until fuzz "$dir" "$target"; do
			if ((runs == 3)) || ! ended_by_clock; then
				echo "fuzz-smoke: $target failed, in ${dir#"$PWD"/}"
				exit 1
			fi
			echo "fuzz-smoke: $target ended with the fuzzer's own time limit, which is no failure; it runs again"
			runs=$((runs + 1)) again=$((again + 1))
		done
		count=$((count + 1))
	done
done <<<"$dirs"
repeated=""
if ((again > 0)); then
	repeated=", $again more runs after the fuzzer's own time limit"
fi
echo "fuzz-smoke: $count targets, $fuzztime each, no failure$repeated"
