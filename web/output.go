package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/turbogo/turbo/ioloop"
)

// reserve allows n more bytes of content to be buffered.
func (x *exchange) reserve(n int) error {
	if x.outcome == finished {
		return ErrFinished
	}
	if x.buffered()+n > x.app.options.MaxOutput {
		return ErrOutputLimit
	}
	return nil
}

// buffered is how many bytes wait to be handed over.
func (x *exchange) buffered() int {
	n := len(x.body)
	if x.packer != nil {
		n += len(x.packer.out) // which the connection has refused
	}
	return n
}

// start sends the header, with a length when the handler has given one. final
// tells that all of the content is there.
func (x *exchange) start(final bool) error {
	length := int64(-1)
	if text := x.givenLength(); text != "" && !x.chunked {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return ErrContentLength
		}
		if length = n; int64(len(x.body)) > n {
			return ErrContentLength
		}
	}
	x.setContentType()
	sent, size := length, length
	if final && size < 0 {
		size = int64(len(x.body))
	}
	if x.packStream(size) {
		sent = -1
	}
	x.completeHeader()
	if err := x.req.StartResponse(x.status, x.header(), sent); err != nil {
		x.unpack()
		return err
	}
	x.outcome, x.announced = streaming, length
	return nil
}

// setContentType adds the default type, unless there is one or no content.
func (x *exchange) setContentType() {
	if !withoutContent(x.status) && !x.hasOwnType() {
		x.header().AddAll(&defaultType)
	}
}

// completeHeader adds what the framework knows, in the order of rule 60 of the
// original: type, length, cookies, date.
func (x *exchange) completeHeader() {
	x.header().Place("Content-Length")
	x.addCookies()
	x.header().Place("Date")
}

// addCookies moves the cookies into the header.
func (x *exchange) addCookies() {
	for i := range x.cookies {
		x.mustAdd("Set-Cookie", x.cookies[i].text)
	}
	x.cookies = x.cookies[:0]
}

// withoutContent reports whether responses of a status have no body.
func withoutContent(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusResetContent
}

// flush sends what is buffered. done is called when it has left, unless more is
// written before: then it is forgotten, as in Turbo. A flush with nothing new
// joins the one before it.
func (x *exchange) flush(done func()) error {
	if err := x.begun(false); err != nil {
		return err
	}
	if x.buffered() == 0 && done == nil {
		return nil
	}
	x.forget()
	if done != nil {
		x.pending = append(x.pending, done)
	}
	err := x.send(len(x.pending) > 0)
	if err != nil && done != nil {
		x.pending = x.pending[:len(x.pending)-1]
	}
	return err
}

// begun sees to it that the header has been sent. final tells that nothing will
// be added to what is buffered.
func (x *exchange) begun(final bool) error {
	switch x.outcome {
	case finished:
		return ErrFinished
	case buffering:
		return x.start(final)
	}
	return nil
}

// forget drops the callbacks of earlier flushes when there is something new.
func (x *exchange) forget() {
	if len(x.body) > 0 {
		x.pending = x.pending[:0]
	}
}

// drain sends what is buffered and waits until it has left. Unlike a callback,
// who waits is never forgotten.
func (x *exchange) drain() error {
	if err := x.begun(false); err != nil {
		return err
	}
	x.forget()
	future, done := ioloop.NewFuture[struct{}](x.app.loop)
	x.drains = append(x.drains, done)
	if err := x.send(true); err != nil {
		x.drains = x.drains[:len(x.drains)-1]
		return err
	}
	_, err := future.Await()
	return err
}

// send hands the buffered content over; told asks for onFlushed. What could not
// be sent stays buffered, and who waited before goes on waiting: for the write
// that came before, or for the news that the connection has ended.
func (x *exchange) send(told bool) error {
	var done func()
	waited := x.waiting
	x.waiting = false
	if told || len(x.drains) > 0 {
		x.await()
		if x.flushed == nil {
			x.flushed = x.during((*exchange).onFlushed)
		}
		done = x.flushed
	}
	if err := x.hand(done); err != nil {
		x.waiting = waited
		return err
	}
	return nil
}

// hand gives what is buffered to the connection, compressed if it is to be.
func (x *exchange) hand(done func()) error {
	n := int64(len(x.body))
	p := x.packer
	if p == nil {
		if err := x.req.Write(x.body, done); err != nil {
			return err
		}
		x.sent, x.body = x.sent+n, x.body[:0]
		return nil
	}
	if x.announced >= 0 && x.sent+n > x.announced {
		return ErrContentLength // nobody below knows how long it was to be
	}
	p.pack(x.body, x.outcome == finished)
	x.sent, x.body = x.sent+n, x.body[:0]
	if err := x.req.Write(p.out, done); err != nil {
		return err
	}
	p.out = p.out[:0]
	return nil
}

// finish completes the response.
func (x *exchange) finish() error {
	switch {
	case x.outcome == finished:
		return ErrFinished
	case x.outcome == streaming || x.chunked:
		return x.finishStream()
	}
	if text := x.givenLength(); text != "" {
		if x.status == http.StatusNotModified || x.req.Method() == http.MethodHead && len(x.body) == 0 {
			return x.finishStream() // it tells what GET would have got
		}
		if text != strconv.Itoa(len(x.body)) {
			return ErrContentLength
		}
	}
	x.outcome = finished
	if !x.onFinish() {
		x.mustSet("Connection", "close")
	}
	x.sent = int64(len(x.body))
	header := x.ready()
	if header == nil {
		header = x.header()
		x.setContentType()
		x.packWhole()
		x.completeHeader()
	}
	x.logAccess()
	return x.delivered(x.req.Respond(x.status, header, x.body))
}

// finishStream completes a response whose header has been sent, or that is to
// be chunked.
func (x *exchange) finishStream() error {
	if err := x.begun(true); err != nil {
		return err
	}
	x.outcome = finished
	later := false // with chunked writes OnFinish waits for the last chunk
	if x.chunked && !x.failed {
		_, later = x.handler.(Finisher)
	}
	healthy := later || x.onFinish()
	var err error
	if len(x.body) > 0 || later || x.packer != nil {
		x.forget()
		err = x.send(later || len(x.pending) > 0)
	}
	if err == nil && x.short() {
		err = ErrContentLength
	}
	x.logAccess()
	switch {
	case err != nil:
	case !healthy:
		x.cut()
	default:
		err = x.req.Finish(x.trailers)
	}
	return x.delivered(err)
}

// short reports whether less was sent than announced.
func (x *exchange) short() bool {
	return x.announced > x.sent && x.req.Method() != http.MethodHead && !withoutContent(x.status)
}

// delivered is how the end of a response ends. That the client has left is no
// error. Anything else is, and the client must not wait for what does not come.
func (x *exchange) delivered(err error) error {
	if err == nil {
		return nil
	}
	return x.undelivered(err)
}

func (x *exchange) undelivered(err error) error {
	if errors.Is(err, ErrClosed) {
		return nil
	}
	x.cut()
	return err
}

// cut ends the connection at once, so that the client does not take what it has
// for a whole response. Who waits in Drain is told.
func (x *exchange) cut() {
	x.waiting, x.pending = false, x.pending[:0]
	x.req.OnClose(nil)
	x.req.Abort()
	x.resume(ErrClosed)
}

// onFinish calls the handler's OnFinish, once. It reports false when that
// panicked.
func (x *exchange) onFinish() bool {
	return x.handler == nil || x.callOnFinish()
}

func (x *exchange) callOnFinish() bool {
	f, ok := x.handler.(Finisher)
	if !ok || x.failed || x.hooked {
		return true
	}
	x.hooked = true
	err := x.guard(func(*exchange) error {
		f.OnFinish()
		return nil
	})
	if err != nil {
		x.logError("OnFinish", err)
	}
	return err == nil
}
