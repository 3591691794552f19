package state

import (
	"encoding/binary"
	"hash/crc32"
)

// The meta bucket says what the file is. Its values are plain text.
const (
	metaBucket = "meta"
	magicKey   = "magic"
	magic      = "jetway mock state"
	versionKey = "version"
)

// checksumSize is that of the checksum before each value.
const checksumSize = 4

func checksum(bucket, key string, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, []byte(bucket+"\x00"+key+"\x00"))
	return crc32.Update(sum, table, value)
}

// seal puts the checksum before a value.
func seal(bucket, key string, value []byte) []byte {
	out := make([]byte, checksumSize, checksumSize+len(value))
	binary.BigEndian.PutUint32(out, checksum(bucket, key, value))
	return append(out, value...)
}

// unseal returns a value without its checksum; false if they do not fit.
func unseal(bucket, key string, sealed []byte) ([]byte, bool) {
	if len(sealed) < checksumSize {
		return nil, false
	}
	value := sealed[checksumSize:]
	return value, binary.BigEndian.Uint32(sealed) == checksum(bucket, key, value)
}
