package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"os"
)

// The store's format, as far as its files can be checked: pages of one size, numbered from
// 0, of which the first two each describe a state of the file; the valid one with the higher
// number counts. All numbers are in the byte order of the machine.
const (
	storeMagic   = 0xED0CDAED
	storeVersion = 2

	pageHeader  = 16 // number (8 bytes), kind (2), count of elements (2), pages that follow (4)
	elementSize = 16
	metaSize    = 64

	kindBranch = 1
	kindLeaf   = 2

	maxDepth = 64
)

// errPages means that pages contradict each other or are missing.
var errPages = errors.New("its pages do not fit together")

// pages reads the pages of a file, each at most once.
type pages struct {
	file io.ReaderAt
	size int64  // of the file
	page int64  // of a page
	high uint64 // the first number that is not in use
	seen map[uint64]bool
}

// description is the content of one of the first two pages.
type description struct{ pageSize, root, high, number uint64 }

// openPages returns the pages of a file and the number of the first one of its tree.
func openPages(file *os.File) (*pages, uint64, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	p := &pages{file: file, size: info.Size(), seen: map[uint64]bool{}}
	first, ok := describe(file, 0)
	second, also := description{}, false
	if ok {
		second, also = describe(file, int64(first.pageSize)) //nolint:gosec // at most 64 KiB
	} else {
		// The first page is not valid: the size of pages is found by where the second one is.
		for size := int64(512); size <= 1<<16 && !also; size *= 2 {
			second, also = describe(file, size)
			also = also && second.pageSize == uint64(size)
		}
	}
	if also && (!ok || second.number > first.number) {
		first, ok = second, true
	}
	if !ok {
		return nil, 0, errPages
	}
	p.page, p.high = int64(first.pageSize), first.high //nolint:gosec // at most 64 KiB
	if first.high > uint64(max(p.size, 0))/first.pageSize {
		return nil, 0, errPages // the file was cut
	}
	return p, first.root, nil
}

func describe(file io.ReaderAt, at int64) (d description, ok bool) {
	var raw [metaSize]byte
	if _, err := file.ReadAt(raw[:], at+pageHeader); err != nil {
		return d, false
	}
	n := binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:metaSize-8]) // never fails
	d = description{
		pageSize: uint64(n.Uint32(raw[8:])), root: n.Uint64(raw[16:]), high: n.Uint64(raw[40:]), number: n.Uint64(raw[48:]),
	}
	good := n.Uint32(raw[:]) == storeMagic && n.Uint32(raw[4:]) == storeVersion && n.Uint64(raw[metaSize-8:]) == sum.Sum64()
	return d, good && d.pageSize >= 512 && d.pageSize <= 1<<16
}

// entry takes one entry of a tree, which may be a bucket.
type entry func(key, value []byte, isBucket bool) error

// walk calls each for the entries of the tree at a page, and fails if they are not in order.
func (p *pages) walk(root uint64, each entry) error {
	w := &walk{p: p, each: each}
	return w.page(root, nil, 0)
}

// walkBucket walks a bucket that is the value of an entry: small ones are in the value.
func (p *pages) walkBucket(value []byte, each entry) error {
	const header = 16 // page of the tree (8 bytes), sequence (8)
	if len(value) < header {
		return errPages
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return p.walk(root, each)
	}
	w := &walk{p: p, each: each}
	return w.leaf(value[header:], nil)
}

// read returns a page with those that follow it.
func (p *pages) read(id uint64) ([]byte, error) {
	if id < 2 || id >= p.high {
		return nil, errPages
	}
	at := int64(id) * p.page //nolint:gosec // below the file's size
	var header [pageHeader]byte
	if _, err := p.file.ReadAt(header[:], at); err != nil {
		return nil, err
	}
	more := uint64(binary.NativeEndian.Uint32(header[12:]))
	if binary.NativeEndian.Uint64(header[:]) != id || more >= p.high-id {
		return nil, errPages
	}
	for n := id; n <= id+more; n++ {
		if p.seen[n] {
			return nil, errPages
		}
		p.seen[n] = true
	}
	raw := make([]byte, int64(more+1)*p.page) //nolint:gosec // below the file's size
	_, err := p.file.ReadAt(raw, at)
	return raw, err
}

// walk is a walk through one tree.
type walk struct {
	p    *pages
	each entry
	last []byte // the key before
	any  bool
}

// page walks the tree at a page, whose keys are not below low.
func (w *walk) page(id uint64, low []byte, depth int) error {
	raw, err := w.p.read(id)
	if err != nil {
		return err
	}
	switch {
	case depth > maxDepth:
		return errPages
	case binary.NativeEndian.Uint16(raw[8:]) == kindLeaf:
		return w.leaf(raw, low)
	case binary.NativeEndian.Uint16(raw[8:]) != kindBranch:
		return errPages
	}
	count := int(binary.NativeEndian.Uint16(raw[10:]))
	if count == 0 {
		return errPages
	}
	for i := range count {
		at := pageHeader + i*elementSize
		if at+elementSize > len(raw) {
			return errPages
		}
		key, ok := part(raw[at:], raw[at:], raw[at+4:])
		if !ok || bytes.Compare(key, low) < 0 || w.any && bytes.Compare(key, w.last) <= 0 {
			return errPages
		}
		if err := w.page(binary.NativeEndian.Uint64(raw[at+8:]), key, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaf walks the entries of a leaf, whose keys are not below low.
func (w *walk) leaf(raw, low []byte) error {
	if len(raw) < pageHeader || binary.NativeEndian.Uint16(raw[8:]) != kindLeaf {
		return errPages
	}
	for i := range int(binary.NativeEndian.Uint16(raw[10:])) {
		at := pageHeader + i*elementSize
		if at+elementSize > len(raw) {
			return errPages
		}
		n := binary.NativeEndian
		flags, keySize, valueSize := n.Uint32(raw[at:]), uint64(n.Uint32(raw[at+8:])), uint64(n.Uint32(raw[at+12:]))
		start := uint64(at) + uint64(n.Uint32(raw[at+4:]))
		if flags > 1 || start+keySize+valueSize > uint64(len(raw)) {
			return errPages
		}
		key, value := raw[start:start+keySize], raw[start+keySize:start+keySize+valueSize]
		if len(key) == 0 || bytes.Compare(key, low) < 0 || w.any && bytes.Compare(key, w.last) <= 0 {
			return errPages
		}
		w.last, w.any = key, true
		if err := w.each(key, value, flags == 1); err != nil {
			return err
		}
	}
	return nil
}

// part returns the bytes at an offset from an element on; offset and size are numbers there.
func part(element, offset, size []byte) ([]byte, bool) {
	from, length := uint64(binary.NativeEndian.Uint32(offset)), uint64(binary.NativeEndian.Uint32(size))
	if from+length > uint64(len(element)) {
		return nil, false
	}
	return element[from : from+length], true
}
