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
	switch { //nolint:gosec // each case is within the range of its type
	case n >= 0 && n <= math.MaxInt8, n < 0 && n >= -32:
		return append(b, byte(n))
	case n >= 0 && n <= math.MaxUint8:
		return append(b, 0xcc, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	case n >= 0:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), uint64(n))
	case n >= math.MinInt8:
		return append(b, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(n))
	}
}

// packedSizes are the first bytes of a kind with a size; zero where a kind has none.
type packedSizes struct {
	fix            byte
	fixMax         int
	one, two, four byte
}

func appendPackedSize(b []byte, n int, s packedSizes) ([]byte, error) {
	switch {
	case n <= s.fixMax:
		return append(b, s.fix|byte(n)), nil //nolint:gosec // fixMax is at most 31
	case n <= math.MaxUint8 && s.one != 0:
		return append(b, s.one, byte(n)), nil
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, s.two), uint16(n)), nil //nolint:gosec // just compared
	case uint64(n) <= math.MaxUint32: //nolint:gosec // a length is not negative
		return binary.BigEndian.AppendUint32(append(b, s.four), uint32(n)), nil //nolint:gosec // just compared
	default:
		return nil, wrong(ErrRange, "longer than msgpack can hold")
	}
}
