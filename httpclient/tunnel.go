package httpclient

import (
	"fmt"
	"io"

	"github.com/turbogo/turbo/internal/http1"
)

// tunnel asks an HTTP proxy for the way to a host (RFC 9110 9.3.6).
type tunnel struct {
	d    *dial
	core http1.Conn
	head http1.Head
}

func newTunnel(d *dial) *tunnel {
	t := &tunnel{d: d}
	t.core.Init(http1.Client, d.client.limits)
	t.core.SetHead(&t.head)
	return t
}

func (t *tunnel) begin() {
	to := address(t.d.url)
	r := &http1.RequestHead{Method: "CONNECT", Target: to, Minor: 1, Header: new(Header)}
	err := r.Header.Add("Host", to)
	if err == nil {
		err = r.Header.Add("User-Agent", t.d.f.o.UserAgent)
	}
	if user := t.d.proxy.User; user != nil && err == nil {
		err = r.Header.Add("Proxy-Authorization", basicAuth(user))
	}
	var out []byte
	if err == nil {
		out, err = t.core.AppendRequest(t.d.stream.AvailableBuffer(), r)
	}
	if err == nil {
		out, err = t.core.AppendEnd(out, nil)
	}
	if err == nil {
		err = t.d.stream.Write(out, nil)
	}
	if err != nil {
		t.d.fail(ErrCouldNotConnect.because("cannot ask the proxy: "+err.Error(), err))
		return
	}
	t.ask()
}

func (t *tunnel) ask() {
	if err := t.d.stream.ReadChunk(t); err != nil {
		t.HandleClose(err)
	}
}

// HandleChunk is what the proxy says. It is called by the stream.
func (t *tunnel) HandleChunk(p []byte) {
	t.core.Receive(p)
	for !t.d.over {
		ev, err := t.core.Next()
		switch {
		case err != nil:
			t.d.fail(ErrCouldNotConnect.because("cannot understand the proxy: "+err.Error(), err))
			return
		case ev.Kind == http1.NeedData:
			t.ask()
			return
		case ev.Kind == http1.Response && t.head.Status()/100 != 2:
			t.d.fail(ErrCouldNotConnect.because(fmt.Sprintf("the proxy answered %d %s", t.head.Status(), t.head.Reason()), nil))
			return
		case ev.Kind == http1.Switched:
			t.open()
			return
		}
	}
}

// open is when the way is there.
func (t *tunnel) open() {
	rest, ok := t.core.Detach()
	if !ok || len(rest) > 0 {
		// The host has not been spoken to, so it was not the host that spoke.
		t.d.fail(ErrCouldNotConnect.because("the proxy sends what nobody has asked for", nil))
		return
	}
	if err := t.d.stream.ReadChunk(nil); err != nil {
		t.HandleClose(err)
		return
	}
	t.d.secure()
}

// HandleClose is the end of the stream. It is called by the stream.
func (t *tunnel) HandleClose(err error) {
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	t.d.fail(ErrCouldNotConnect.because("the proxy hung up: "+err.Error(), err))
}
