package peer

import (
	"time"

	"golang.org/x/sys/unix"
)

func limitUnacknowledged(fd uintptr, limit time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_RXT_CONNDROPTIME, int(max(limit.Round(time.Second)/time.Second, 1)))
}
