package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/jetway-go/jetway/internal/fault"
)

// Downloaded says what was downloaded.
type Downloaded struct {
	// Size is in bytes.
	Size int64
	// ETag is the storage host's name for this state of the object; may be empty.
	ETag string
	// Verified names the checksum that the content was compared with: "MD5", "CRC32C", or
	// empty if the host gives none.
	Verified string
}

// Download writes an object to w, from its beginning to its end, on one connection. After a
// cut it goes on where it was; nothing is written twice. If the object is replaced
// meanwhile the error is [ErrChanged], and if the content does not have the checksum that
// the storage host gives it is [ErrChecksum]: what was written is then of no use. All errors
// are [*Error].
func (c *Client) Download(ctx context.Context, from Source, w io.Writer) (Downloaded, error) {
	d := c.download("", from)
	defer d.close()
	var check *checker
	d.f.learnt = func(url string, v *version) {
		d.name = url
		d.begin(v)
		check = v.sums.checker()
	}
	err := d.f.get(ctx, span{0, -1}, func(_ int64, p []byte) error {
		n, err := w.Write(p)
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		if check != nil {
			_, _ = check.hash.Write(p)
		}
		d.moved.Add(int64(n))
		return nil
	})
	if err == nil && check != nil {
		err = check.check()
	}
	return d.end(err, check)
}

// download is one download.
type download struct {
	c     *Client
	f     *fetch
	name  string // for people
	meter *meter // nil when nothing moves
	moved atomic.Int64
}

func (c *Client) download(name string, from Source) *download {
	f := &fetch{c: c, s: c.storage(), p: c.permitFrom(from), free: make(chan []byte, c.cfg.concurrency)}
	return &download{c: c, f: f, name: name}
}

// begin starts the reports when the size is known.
func (d *download) begin(v *version) {
	d.meter = startMeter(d.c.cfg.report, d.name, v.total, d.moved.Load)
}

// halt ends the reports; with one more if all has come.
func (d *download) halt(complete bool) {
	if d.meter != nil {
		d.meter.stop(complete, d.moved.Load())
		d.meter = nil
	}
}

// close lets go of what a panic may have left too.
func (d *download) close() {
	d.halt(false)
	d.f.s.close()
}

// end stops the reports and returns what became of the download.
func (d *download) end(err error, check *checker) (Downloaded, error) {
	d.halt(err == nil)
	if err != nil {
		if final, ok := errors.AsType[finalError](err); ok {
			err = final.error
		}
		if errors.Is(err, errNoResume) {
			err = fmt.Errorf("%w: %w", ErrShort, err)
		}
		return Downloaded{}, failed(opDownload, fault.Foreign(d.name, fault.MaxForeign), err)
	}
	out := Downloaded{Size: d.moved.Load(), ETag: d.f.known.etag}
	if check != nil {
		out.Verified = check.name
	}
	return out, nil
}
