# Prints file:line of each word of a list, with what to write instead, and ends with
# status 1 if there was one. The list comes first: awk -f words.awk words.txt FILES.
#
# A phrase of several words is also found where a line ends in the middle of it, with
# or without the marks of a comment between.

FNR == 1 { file++; before = "" }

file == 1 {
	if ($0 ~ /^#/ || $0 == "") next
	tab = index($0, "\t")
	word[++words] = substr($0, 1, tab - 1)
	advice[words] = substr($0, tab + 1)
	next
}

{
	line = $0
	gsub(/http\.NoBody/, "", line) # a name of the standard library
	gsub(/[\t ]+/, " ", line)
	sub(/^ /, "", line)
	sub(/^(\/\/+|#+|>|\|) ?/, "", line)
	both = tolower(before " " line) " "
	for (i = 1; i <= words; i++) report(both, length(before) + 1, i)
	before = line
}

# report prints each match of word i in text that ends behind from: one that ends
# before it was printed with the line before.
function report(text, from, i,    at, found) {
	at = 0
	while (match(substr(text, at + 1), "(^|[^a-z0-9_])(" word[i] ")[^a-z0-9_]")) {
		found = substr(text, at + RSTART, RLENGTH - 1)
		at += RSTART + RLENGTH - 2 # the separator may begin the next match
		if (at <= from) continue
		sub(/^[^a-z0-9_]/, "", found)
		printf "%s:%d: \"%s\": write %s\n", FILENAME, FNR, found, advice[i]
		hits++
	}
}

END {
	if (hits) {
		printf "%d words of tools/words.txt: say who does what, in the words of the RFCs and of gRPC\n", hits
		exit 1
	}
}
