package values

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// unpacked reads msgpack that holds one value.
func unpacked(raw []byte) (node, error) {
	r := &unpacker{rest: raw}
	n, err := r.node(0)
	if err == nil && len(r.rest) > 0 {
		err = wrong(ErrMalformed, "msgpack with %d bytes after its value", len(r.rest))
	}
	return n, err
}

// unpacker reads msgpack. What it allocates is bounded by what it has left to read.
type unpacker struct {
	rest  []byte
	parts int
	owed  uint64 // bytes of rest that lists and maps around have promised, one for each part
}

var errShort = wrong(ErrMalformed, "msgpack that ends too early")

func (r *unpacker) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.rest)) {
		return nil, errShort
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken, nil
}

// uint reads a number of n bytes, 8 at most.
func (r *unpacker) uint(n uint64) (uint64, error) {
	raw, err := r.take(n)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[8-n:], raw)
	return binary.BigEndian.Uint64(full[:]), nil
}

func (r *unpacker) node(depth int) (node, error) {
	if depth > maxDepth {
		return nil, wrong(ErrTooDeep, "the limit is %d levels", maxDepth)
	}
	if r.parts++; r.parts > maxParts {
		return nil, wrong(ErrTooMany, "the limit is %d", maxParts)
	}
	first, err := r.uint(1)
	if err != nil {
		return nil, err
	}
	switch {
	case first <= 0x7f: // the fixed forms, whose first byte has the number or size
		return int64(first), nil
	case first <= 0x8f:
		return r.object(first&0x0f, depth)
	case first <= 0x9f:
		return r.list(first&0x0f, depth)
	case first <= 0xbf:
		return r.text(first & 0x1f)
	case first >= 0xe0:
		return int64(first) - 256, nil //nolint:gosec // a byte
	case first >= 0xca && first <= 0xd3:
		return r.number(first)
	}
	switch first {
	case 0xc0:
		return nil, nil //nolint:nilnil // None
	case 0xc2, 0xc3:
		return first == 0xc3, nil
	}
	size, err := r.size(first)
	if err != nil {
		return nil, err
	}
	switch first {
	case 0xc4, 0xc5, 0xc6:
		return r.take(size)
	case 0xd9, 0xda, 0xdb:
		return r.text(size)
	case 0xdc, 0xdd:
		return r.list(size, depth)
	default:
		return r.object(size, depth)
	}
}

// size reads the size of a kind that is not fixed.
func (r *unpacker) size(first uint64) (uint64, error) {
	switch first {
	case 0xc4, 0xd9:
		return r.uint(1)
	case 0xc5, 0xda, 0xdc, 0xde:
		return r.uint(2)
	case 0xc6, 0xdb, 0xdd, 0xdf:
		return r.uint(4)
	case 0xc1:
		return 0, wrong(ErrMalformed, "msgpack with a kind that is never used")
	default:
		return 0, wrong(ErrMalformed, "msgpack with an extension type, which is not supported")
	}
}

// number reads a number of 0xca to 0xd3: floats, integers without sign, integers with sign.
func (r *unpacker) number(first uint64) (node, error) {
	switch first {
	case 0xca:
		bits, err := r.uint(4)
		return float64(math.Float32frombits(uint32(bits))), err //nolint:gosec // four bytes
	case 0xcb:
		bits, err := r.uint(8)
		return math.Float64frombits(bits), err
	case 0xcc, 0xcd, 0xce, 0xcf:
		n, err := r.uint(1 << (first - 0xcc))
		return unsigned(n), err
	default:
		bytes := uint64(1) << (first - 0xd0)
		n, err := r.uint(bytes)
		shift := 64 - 8*bytes                // spreads the sign
		return int64(n<<shift) >> shift, err //nolint:gosec // two's complement
	}
}

func (r *unpacker) text(size uint64) (node, error) {
	raw, err := r.take(size)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		return nil, wrong(ErrMalformed, "msgpack with a string that is not UTF-8")
	}
	return string(raw), nil
}

// promise notes that so many parts follow, each of a byte at least.
func (r *unpacker) promise(parts uint64) error {
	if r.owed+parts > uint64(len(r.rest)) {
		return errShort
	}
	r.owed += parts
	return nil
}

func (r *unpacker) list(size uint64, depth int) (node, error) {
	if err := r.promise(size); err != nil {
		return nil, err
	}
	items := make(list, size)
	for i := range items {
		var err error
		r.owed--
		if items[i], err = r.node(depth + 1); err != nil {
			return nil, inItem(i, err)
		}
	}
	return items, nil
}

func (r *unpacker) object(size uint64, depth int) (node, error) {
	if err := r.promise(2 * size); err != nil {
		return nil, err
	}
	o := &object{record: true, members: make([]member, 0, size)}
	seen := make(map[string]bool, size)
	for range size {
		r.owed -= 2
		name, err := r.key()
		if err != nil {
			return nil, err
		}
		value, err := r.node(depth + 1)
		if err != nil {
			return nil, inMember(name, err)
		}
		if seen[name] {
			return nil, inMember(name, wrong(ErrMalformed, "msgpack with the same key twice"))
		}
		seen[name] = true
		o.members = append(o.members, member{name, value})
	}
	return o, nil
}

// key reads a key; integers, which Python has too, become text.
func (r *unpacker) key() (string, error) {
	if len(r.rest) == 0 {
		return "", errShort
	}
	switch first := r.rest[0]; {
	case first <= 0x7f, first >= 0xe0, first >= 0xa0 && first <= 0xbf:
	case first >= 0xcc && first <= 0xd3, first >= 0xd9 && first <= 0xdb:
	default:
		return "", wrong(ErrType, "msgpack with a key that is neither a string nor an integer")
	}
	key, err := r.node(0)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(key), nil
}
