// Systems without such an option.

//go:build !linux && !darwin && !windows

package peer

import "time"

func limitUnacknowledged(uintptr, time.Duration) {}
