package values

import (
	"math"
	"time"
)

// maxExact is the largest integer up to which every integer is a float64.
const maxExact = 1 << 53

// toInt returns the integer that n is: int64, or uint64 above its range.
func toInt(n node) (node, error) {
	switch n := n.(type) {
	case int64, uint64:
		return n, nil
	case float64:
		switch {
		case math.Trunc(n) != n: // and NaN
			return nil, wrong(ErrRange, "a float that is no whole number, where an integer is wanted")
		case math.Abs(n) > maxExact:
			return nil, wrong(ErrRange, "a float beyond 2^53, where an integer is wanted: digits may be lost already")
		}
		return int64(n), nil
	default:
		return nil, wrong(ErrType, "have %s, want an integer", kind(n))
	}
}

// toFloat returns the float that n is.
func toFloat(n node) (float64, error) {
	var f float64
	exact := true
	switch n := n.(type) {
	case float64:
		f = n
	case int64:
		f = float64(n)
		exact = f < math.MaxInt64 && int64(f) == n
	case uint64:
		f = float64(n)
		exact = f < math.MaxUint64 && uint64(f) == n
	default:
		return 0, wrong(ErrType, "have %s, want a float", kind(n))
	}
	if !exact {
		return 0, wrong(ErrRange, "an integer that would lose digits as a float")
	}
	return f, nil
}

// maxSeconds is how many whole seconds a time.Duration can hold.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// seconds returns d as Flyte's SDK writes it into JSON and msgpack.
func seconds(d time.Duration) (float64, error) {
	s := d.Seconds()
	if back, err := toDuration(s); err != nil || back != d {
		return 0, wrong(ErrRange, "a duration that would lose digits as a number of seconds")
	}
	return s, nil
}

// toDuration reads a number of seconds.
func toDuration(n node) (time.Duration, error) {
	switch n := n.(type) {
	case int64:
		if n > maxSeconds || n < -maxSeconds {
			break
		}
		return time.Duration(n) * time.Second, nil
	case float64:
		if math.IsNaN(n) || math.Abs(n) >= float64(maxSeconds) {
			break
		}
		whole, part := math.Modf(n)
		return time.Duration(whole)*time.Second + time.Duration(math.Round(part*float64(time.Second))), nil
	case string:
		return parseDuration(n)
	case uint64:
	default:
		return 0, wrong(ErrType, "have %s, want a duration", kind(n))
	}
	return 0, wrong(ErrRange, "a number of seconds that a time.Duration cannot hold")
}
