package live

import (
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// Cut returns as much of a line as fits into columns, without control characters; one
// that is too long ends with an ellipsis. The last column stays free, where terminals
// would begin a new row. Zero columns are 80.
func Cut(line string, columns int) string {
	if columns <= 0 {
		columns = 80
	}
	room := columns - 1
	const most = 8 << 10 // more than any terminal shows; marks take no column
	long := len(line) > most
	if long {
		line = strings.ToValidUTF8(line[:most], "")
	}
	line = show.Clean(line)
	if !long && show.Width(line) <= room {
		return line
	}
	used := 0
	for i, r := range line {
		if used+show.Width(string(r)) > room-1 {
			line = line[:i]
			break
		}
		used += show.Width(string(r))
	}
	if room < 1 {
		return ""
	}
	return line + "…"
}
