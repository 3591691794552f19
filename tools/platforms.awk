# Reads the output of `go test -v` for tests called Test<System>Row<number>_<What>,
# writes one line a test, in the order of systems and rows, and counts. It ends with
# status 1 if a test failed, was skipped or never ended, if a row of a system has no
# test, or if a test is of a row that nobody has planned.

BEGIN {
	# How many things each system must do: what is lost without a trace in the tests
	# is missed here. A new row is counted here.
	planned["Flyte"] = 10
	planned["JupyterHub"] = 12
	planned["Kubeflow"] = 8
	planned["Nublado"] = 12
	planned["Wallaroo"] = 12
}

/^=== RUN +Test[A-Za-z]+Row[0-9]+/ && $3 !~ /\// { result[$3] = "NOT ENDED" }
/^--- [A-Z]+: Test[A-Za-z]+Row[0-9]+/ { result[$3] = $2 == "PASS:" ? "ok" : substr($2, 1, length($2) - 1) }
/^FAIL.*failed\]$/ { print; bad++ }

# words puts spaces where words begin: FromAFile, AnAPIKey.
function words(name,    out, i, c, before, after) {
	for (i = 1; i <= length(name); i++) {
		c = substr(name, i, 1)
		before = substr(name, i - 1, 1)
		after = substr(name, i + 1, 1)
		if (i > 1 && c ~ /[A-Z]/ && (before !~ /[A-Z]/ || after ~ /[a-z]/)) out = out " "
		out = out c
	}
	return out
}

END {
	for (test in result) {
		match(test, /Row[0-9]+/)
		system_ = substr(test, 5, RSTART - 5)
		row = substr(test, RSTART + 3, RLENGTH - 3) + 0
		what = substr(test, RSTART + RLENGTH + 1)
		what = words(what)
		if (!seen[system_, row]++) rows++
		if (result[test] != "ok") bad++
		else if (row < 1 || row > planned[system_]) { result[test] = "UNPLANNED"; bad++ }
		line[++n] = sprintf("%-10s  %2d  %-9s  %s", system_, row, result[test], what)
	}
	for (s in planned) for (r = 1; r <= planned[s]; r++) if (!((s, r) in seen)) {
		line[++n] = sprintf("%-10s  %2d  %-9s", s, r, "NO TEST")
		bad++; gaps++
	}
	for (i = 2; i <= n; i++) { # by insertion: there are a hundred
		for (j = i; j > 1 && line[j] < line[j - 1]; j--) { l = line[j]; line[j] = line[j - 1]; line[j - 1] = l }
	}
	for (i = 1; i <= n; i++) print line[i]
	printf "\n%d tests of %d rows, %s\n", n - gaps, rows, bad ? bad " bad" : "all ok"
	exit (bad > 0)
}
