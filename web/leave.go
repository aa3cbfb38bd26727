package web

// watch has the request tell when the client leaves. A client that ends its own
// side of the connection is taken to have left then, as in Turbo; so only those
// handlers ask for it that have OnConnectionClose.
func (x *exchange) watch() {
	x.watching = true
	x.req.OnClose(x.during((*exchange).onClose))
}

// during returns fn as a callback for this use of x. The connection may have
// queued a callback already when it is told to forget it, and x may serve
// another request when it comes.
func (x *exchange) during(fn func(*exchange)) func() {
	gen := x.gen
	return func() {
		if x.gen == gen {
			fn(x)
		}
	}
}

// await prepares for a callback of a write, which is not called when the
// connection ends first: then the request tells, if watch does not.
func (x *exchange) await() {
	x.waiting = true
	if !x.watching && !x.guarding {
		x.guarding = true
		x.req.OnGone(x.during((*exchange).onGone))
	}
}

// onGone is what await asks for.
func (x *exchange) onGone() {
	if x.waiting {
		x.lost()
	}
}

// onClose is what watch asks for.
func (x *exchange) onClose() {
	if x.watching {
		x.lost()
	}
}

// lost ends all waiting: the connection has ended before the response was
// flushed.
func (x *exchange) lost() {
	x.waiting = false
	x.pending = x.pending[:0]
	x.busy++
	if x.outcome == finished {
		x.onFinish()
	} else if _, ok := x.handler.(ConnectionCloser); ok {
		err := x.guard(func(x *exchange) error {
			x.handler.(ConnectionCloser).OnConnectionClose()
			return nil
		})
		if err != nil {
			x.logError("OnConnectionClose", err)
		}
	}
	x.resume(ErrClosed)
	x.busy--
	x.settle()
}

// onFlushed runs when the last write that asked for it has left.
func (x *exchange) onFlushed() {
	x.waiting = false
	x.busy++
	pending := x.pending
	x.pending = nil
	for _, fn := range pending {
		// One that panics must not keep the others, and who drains, waiting.
		err := x.guard(func(*exchange) error {
			fn()
			return nil
		})
		if err != nil {
			x.logError("callback of Flush", err)
		}
	}
	x.resume(nil)
	x.busy--
	if x.outcome == finished {
		x.onFinish()
	}
	x.settle()
}

// resume lets those who wait in Drain go on.
func (x *exchange) resume(err error) {
	drains := x.drains
	x.drains = nil
	for _, done := range drains {
		done(struct{}{}, err)
	}
}
