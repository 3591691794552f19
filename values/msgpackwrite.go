package values

import (
	"encoding/binary"
	"math"
)

// tagMsgpack is the tag of binary literals in which Flyte's SDK keeps structs.
const tagMsgpack = "msgpack"

// packed writes n as msgpack, each part in its shortest form.
func packed(n node) ([]byte, error) { return appendPacked(nil, n) }

func appendPacked(b []byte, n node) ([]byte, error) {
	n, err := plainNode(n)
	if err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case nil:
		return append(b, 0xc0), nil
	case bool:
		if n {
			return append(b, 0xc3), nil
		}
		return append(b, 0xc2), nil
	case int64:
		return appendPackedInt(b, n), nil
	case uint64:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), n), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(n)), nil
	case string:
		b, err = appendPackedSize(b, len(n), packedSizes{fix: 0xa0, fixMax: 31, one: 0xd9, two: 0xda, four: 0xdb})
		return append(b, n...), err
	case []byte:
		b, err = appendPackedSize(b, len(n), packedSizes{fixMax: -1, one: 0xc4, two: 0xc5, four: 0xc6})
		return append(b, n...), err
	case list:
		if b, err = appendPackedSize(b, len(n), packedSizes{fix: 0x90, fixMax: 15, two: 0xdc, four: 0xdd}); err != nil {
			return nil, err
		}
		for i, item := range n {
			if b, err = appendPacked(b, item); err != nil {
				return nil, inItem(i, err)
			}
		}
		return b, nil
	case *object:
		if b, err = appendPackedSize(b, len(n.members), packedSizes{fix: 0x80, fixMax: 15, two: 0xde, four: 0xdf}); err != nil {
			return nil, err
		}
		for _, m := range n.members {
			if b, err = appendPacked(b, m.name); err != nil {
				return nil, err
			}
			if b, err = appendPacked(b, m.value); err != nil {
				return nil, inMember(m.name, err)
			}
		}
		return b, nil
	default:
		return nil, wrong(ErrType, "%s cannot be inside of a struct", kind(n))
	}
}

func appendPackedInt(b []byte, n int64) []byte {
	bits := uint64(n) //nolint:gosec // two's complement, of which the last bytes are written
	switch {
	case n >= -32 && n <= math.MaxInt8:
		return append(b, lastBytes(bits, 1)...)
	case n >= 0 && n <= math.MaxUint8:
		return append(append(b, 0xcc), lastBytes(bits, 1)...)
	case n >= 0 && n <= math.MaxUint16:
		return append(append(b, 0xcd), lastBytes(bits, 2)...)
	case n >= 0 && n <= math.MaxUint32:
		return append(append(b, 0xce), lastBytes(bits, 4)...)
	case n >= 0:
		return append(append(b, 0xcf), lastBytes(bits, 8)...)
	case n >= math.MinInt8:
		return append(append(b, 0xd0), lastBytes(bits, 1)...)
	case n >= math.MinInt16:
		return append(append(b, 0xd1), lastBytes(bits, 2)...)
	case n >= math.MinInt32:
		return append(append(b, 0xd2), lastBytes(bits, 4)...)
	default:
		return append(append(b, 0xd3), lastBytes(bits, 8)...)
	}
}

// lastBytes returns the last of the eight bytes of n.
func lastBytes(n uint64, count int) []byte { return binary.BigEndian.AppendUint64(nil, n)[8-count:] }

// packedSizes are the first bytes of a kind with a size; zero where a kind has none.
type packedSizes struct {
	fix            byte
	fixMax         int
	one, two, four byte
}

func appendPackedSize(b []byte, size int, s packedSizes) ([]byte, error) {
	n := uint64(max(size, 0))
	switch {
	case size <= s.fixMax:
		return append(b, s.fix|lastBytes(n, 1)[0]), nil
	case n <= math.MaxUint8 && s.one != 0:
		return append(append(b, s.one), lastBytes(n, 1)...), nil
	case n <= math.MaxUint16:
		return append(append(b, s.two), lastBytes(n, 2)...), nil
	case n <= math.MaxUint32:
		return append(append(b, s.four), lastBytes(n, 4)...), nil
	default:
		return nil, wrong(ErrRange, "longer than msgpack can hold")
	}
}
