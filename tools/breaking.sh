#!/usr/bin/env bash
# Usage: tools/breaking.sh BUF
#
# Compares proto with what is already out: the newest tag, or without one the
# previous commit. Where there is no history to compare with (a first commit, a
# shallow clone, a source archive) it says so and succeeds; internal/wire still
# holds every name and number against the contract.
set -euo pipefail
buf=$1

base=
if git rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
	base=$(git describe --tags --abbrev=0 2>/dev/null || git rev-parse --verify --quiet 'HEAD~1' || true)
fi
if [[ -z $base ]] || ! git cat-file -e "$base:proto" 2>/dev/null; then
	echo "buf breaking: no earlier proto in this clone, nothing to compare with"
	exit 0
fi

# An extracted copy works in a git worktree too, where .git is a file that buf cannot read.
against=.tmp/breaking
rm -rf "$against"
mkdir -p "$against"
trap 'rm -rf "$against"' EXIT
git archive "$base" proto | tar -xf - -C "$against"
cp buf.yaml "$against/"

"$buf" breaking --against "$against"
echo "buf breaking: nothing broken since $(git describe --tags --always "$base")"
