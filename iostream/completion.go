package iostream

import "errors"

// A completion is one call of a user's function, queued on the loop: nobody's
// function runs inside a call that they made. It comes from a pool, so that
// queueing one allocates nothing in the long run.
type completion struct {
	s *IOStream

	// What to call, one of:
	plain   func()       // written, connected, closed, drained
	data    func([]byte) // a read, with bytes
	handler ChunkHandler // its HandleClose, with err

	bytes []byte
	block *block // where bytes lie; the completion has a reference to it
	err   error
	part  bool // the bytes are part of a streaming read, which goes on afterwards

	streaming bool // it is a call of a streaming read: they come one at a time

	returned bool        // normally, that is without a panic
	next     *completion // in the pool
}

// completion returns an empty one. It is queued with AddRunner.
func (s *IOStream) completion() *completion {
	x := s.conf.hub.completions
	if x == nil {
		return &completion{s: s}
	}
	s.conf.hub.completions = x.next
	s.conf.hub.idle--
	*x = completion{s: s}
	return x
}

// later has fn called in the next callbacks phase.
func (s *IOStream) later(fn func()) {
	x := s.completion()
	x.plain = fn
	s.conf.hub.loop.AddRunner(x)
}

// Run calls the function.
func (x *completion) Run() {
	if x.streaming && x.s.rd.active {
		x.s.rd.waiting = append(x.s.rd.waiting, x)
		return
	}
	if x.part {
		x.s.rd.active = true
	}
	defer x.done()
	switch {
	case x.plain != nil:
		x.plain()
	case x.data != nil:
		x.data(x.bytes)
	case x.handler != nil:
		x.handler.HandleClose(x.err)
	}
	x.returned = true
}

// done runs when the function has returned, which may be much later when it
// was suspended, or has panicked. The stream stays in x for Panicked only.
func (x *completion) done() {
	s := x.s
	if x.block != nil {
		spoil(x.bytes)
		s.conf.hub.release(x.block)
	}
	part, returned := x.part, x.returned
	*x = completion{s: s}
	if returned && s.conf.hub.idle < maxCompletions {
		*x = completion{next: s.conf.hub.completions}
		s.conf.hub.completions = x
		s.conf.hub.idle++
	}
	if part {
		s.partDone(returned)
	}
}

// Panicked is called by the loop, right after done, when the function has
// panicked: the stream is closed and its close callback runs, as in Turbo.
func (x *completion) Panicked(v any) { x.s.panicked(v) }

// panicked closes the stream whose callback panicked.
func (s *IOStream) panicked(v any) {
	if err, ok := v.(error); ok {
		s.shut(errors.Join(ErrPanic, err))
		return
	}
	s.shut(ErrPanic)
}
