package httpclient

import (
	"io"

	"github.com/turbogo/turbo/ioloop"
)

const (
	// decodeTurn is how many bytes are inflated before others have their turn.
	decodeTurn = 256 << 10
	// discardMost is how many bytes of a body that nobody wants are read to keep
	// the connection. A longer one costs the connection.
	discardMost = 64 << 10
	// writeAhead is how many bytes may wait for a writer.
	writeAhead = 256 << 10
)

// A download is the body of a response on its way to where it is wanted.
type download struct {
	f       *fetch
	discard bool // nobody wants it
	coding  string
	dec     *decoder // made for the first byte
	w       *writer  // nil without BodyTo

	decoding bool // a part of the output is being delivered
	waiting  bool // input is left over, for another turn
	queued   bool // Run is going to be called
	over     bool // nothing more comes
	cut      bool // because it broke off
}

func newDownload(f *fetch, discard bool) *download {
	d := &download{f: f, discard: discard}
	if f.o.BodyTo != nil && f.o.OnData == nil && !discard {
		d.w = &writer{d: d, w: f.o.BodyTo}
	}
	return d
}

// full tells whether the server has to wait.
func (d *download) full() bool { return d.decoding || d.waiting || d.w != nil && d.w.full() }

// take is given a part of the body as it came. It is lent.
func (d *download) take(p []byte) {
	if d.coding == "" {
		d.deliver(p)
		return
	}
	if d.dec == nil {
		d.dec = newDecoder(d.coding)
	}
	d.dec.give(p)
	d.decode()
}

// decode inflates until the input is used up, or has to wait.
func (d *download) decode() {
	d.decoding, d.waiting = true, false
	defer func() { d.decoding = false }()
	for n := 0; n < decodeTurn && (d.w == nil || !d.w.full()); {
		p, ok := d.dec.part()
		switch {
		case !ok && d.dec.err != io.EOF && !d.cut:
			err := ErrBadBody
			if d.over && d.dec.err == io.ErrUnexpectedEOF {
				err = ErrTruncated
			}
			d.f.fail(err.with(d.dec.err))
			return
		case !ok: // what comes behind the end means nothing
			d.dec.give(nil)
			return
		case len(p) == 0:
			return
		}
		n += len(p)
		if !d.deliver(p) {
			return
		}
	}
	d.waiting = true
	d.dec.keep()
	if d.w == nil || !d.w.full() {
		d.schedule()
	}
}

// deliver puts a part of the body where it belongs, and tells whether the fetch
// goes on. It is lent.
func (d *download) deliver(p []byte) bool {
	f, r := d.f, d.f.resp
	if d.discard {
		return true
	}
	tooLong := int64(len(p)) > f.o.MaxBodyBytes-r.BodyBytes
	if tooLong {
		p = p[:f.o.MaxBodyBytes-r.BodyBytes]
	}
	r.BodyBytes += int64(len(p))
	switch {
	case f.o.OnData != nil:
		if len(p) > 0 {
			f.tellData(p)
		}
	case d.w != nil:
		d.w.write(p)
	default:
		r.Body = append(r.Body, p...)
	}
	if tooLong {
		f.fail(ErrTooLarge)
	}
	return f.stage != settled
}

// end is the end of what comes. The fetch is told when all of it is where it
// belongs.
func (d *download) end(cut bool) {
	d.over, d.cut = true, cut
	d.proceed()
}

func (d *download) schedule() {
	if !d.queued {
		d.queued = true
		d.f.client.loop.AddRunner(d)
	}
}

// Run goes on with what had to wait. It is called by the loop.
func (d *download) Run() {
	d.queued = false
	d.proceed()
}

// proceed goes on as far as it can: with input that had to wait, with the rest
// of the input, or to the end.
func (d *download) proceed() {
	if d.decoding || d.f.stage == settled {
		return
	}
	if d.dec != nil && (d.waiting || d.over) {
		if d.over && !d.waiting {
			d.dec.eof = true
		}
		d.decode()
	}
	switch {
	case d.f.stage == settled || d.waiting:
	case d.over && d.dec != nil && !d.dec.eof:
		d.schedule() // and now to the end
	case !d.over:
		if !d.full() && d.f.conn != nil {
			d.f.conn.schedule()
		}
	case d.w == nil || d.w.idle():
		d.f.complete()
	}
}

// stop frees what a download holds.
func (d *download) stop() {
	if d.dec != nil {
		d.dec.stop()
	}
}

// writer writes to a writer of the owner, which may block, on a helper: one
// write at a time.
type writer struct {
	d     *download
	w     io.Writer
	queue []byte // for the next write
	spare []byte
	busy  bool
}

func (w *writer) full() bool { return len(w.queue) >= writeAhead }

func (w *writer) idle() bool { return !w.busy && len(w.queue) == 0 }

// write queues p, which the caller may use again at once.
func (w *writer) write(p []byte) {
	w.queue = append(w.queue, p...)
	if !w.busy && len(w.queue) > 0 {
		w.flush()
	}
}

func (w *writer) flush() {
	p := w.queue
	w.queue, w.spare, w.busy = w.spare[:0], nil, true
	written := ioloop.OffloadTo(w.d.f.client.transfers, func() (int, error) { return w.w.Write(p) })
	written.Then(func(n int, err error) {
		w.spare, w.busy = p, false
		switch {
		case w.d.f.stage == settled:
			return
		case err == nil && n < len(p):
			err = io.ErrShortWrite
		}
		if err != nil {
			w.d.f.fail(ErrCallback.with(err))
			return
		}
		if len(w.queue) > 0 {
			w.flush()
		}
		w.d.proceed()
	})
}
