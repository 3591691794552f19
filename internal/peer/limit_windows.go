package peer

import (
	"time"

	"golang.org/x/sys/windows"
)

func limitUnacknowledged(fd uintptr, limit time.Duration) {
	_ = windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_TCP, windows.TCP_MAXRT, int(max(limit.Round(time.Second)/time.Second, 1)))
}
