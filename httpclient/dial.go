package httpclient

import (
	"errors"
	"net/url"
	"os"
	"strconv"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// dial makes a connection for a fetch: to the host or to its proxy, from there
// to the host, and then TLS. Each step calls the next one; whichever fails
// fails the fetch.
type dial struct {
	client *Client
	f      *fetch
	host   *host
	url    *url.URL
	proxy  *url.URL // nil for none
	stream *iostream.IOStream
	timer  ioloop.Timeout
	over   bool
}

// begin is the first step.
func (d *dial) begin() {
	l := d.client.loop
	if t := d.f.o.ConnectTimeout; t > 0 {
		d.timer = l.AddTimeout(t, func() {
			d.fail(ErrConnectTimeout.because("not connected after "+t.String(), nil))
		})
	}
	to := d.url
	if d.proxy != nil {
		to = d.proxy
	}
	o := &iostream.Options{ConnectTimeout: -1, HandshakeTimeout: -1, Resolver: d.client.o.Resolver}
	d.stream = d.client.o.Connect(l, "tcp", address(to), o, d.connected)
}

// connected is the second step.
func (d *dial) connected(err error) {
	switch {
	case d.over:
	case err != nil:
		d.fail(connectError(err))
	case d.proxy == nil:
		d.secure()
	case d.proxy.Scheme != "http":
		newSocks(d).begin()
	case !d.f.req.viaProxy():
		newTunnel(d).begin()
	default:
		d.secure()
	}
}

// connectError tells what kept a socket from being connected.
func connectError(err error) *Error {
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "socket" {
		return ErrSocket.with(err)
	}
	return ErrCouldNotConnect.with(err)
}

// done is the last step.
func (d *dial) done() {
	d.stop()
	c := &conn{client: d.client, host: d.host, stream: d.stream}
	c.core.Init(http1.Client, d.client.limits)
	c.state = connBusy
	d.f.use(c)
}

func (d *dial) stop() {
	d.over = true
	d.client.loop.RemoveTimeout(d.timer)
}

// fail fails the fetch, which gives the dial up.
func (d *dial) fail(err *Error) {
	if !d.over {
		d.f.fail(err)
	}
}

// giveUp ends the dial: the fetch is over.
func (d *dial) giveUp() {
	if d.over {
		return
	}
	d.stop()
	if d.stream != nil {
		d.stream.Close()
	}
	d.client.pool.free(d.host)
}

// checkProxy tells whether a proxy can be used.
func checkProxy(u *url.URL) *Error {
	switch u.Scheme {
	case "http", "socks5", "socks5h":
	default:
		return ErrInvalidRequest.because("proxy scheme "+strconv.Quote(u.Scheme)+" is none of http, socks5 and socks5h", nil)
	}
	if u.Hostname() == "" {
		return ErrInvalidRequest.because("proxy without a host", nil)
	}
	return nil
}
