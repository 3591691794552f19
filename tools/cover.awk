# Reads a Go cover profile and prints covered statements in percent, by package
# and in total. Every test binary reports every block when -coverpkg is given, so
# a block counts once, as covered if any of them ran it.
/^mode:/ { next }
{
	stmts[$1] = $2
	if ($3 > 0) hit[$1] = 1
}
END {
	for (block in stmts) {
		pkg = block
		sub(/\/[^\/]*\.go:.*/, "", pkg)
		sub(/^github\.com\/jetway-go\/jetway\/?/, "", pkg)
		all[pkg] += stmts[block]
		total += stmts[block]
		if (block in hit) {
			done[pkg] += stmts[block]
			covered += stmts[block]
		}
	}
	for (pkg in all) printf "%-28s %6.1f %%  %5d of %5d\n", pkg, 100 * done[pkg] / all[pkg], done[pkg], all[pkg]
	if (total > 0) printf "%-28s %6.1f %%  %5d of %5d\n", "~ total", 100 * covered / total, covered, total
}
