package httpserver

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// Of what the fields say, only that is believed which a trusted proxy saw.
func TestTrustedProxies(t *testing.T) {
	const other, own = "192.0.2.0/24", "127.0.0.0/8"
	for _, tt := range []struct {
		trusted []netip.Prefix
		fields  string
		want    string
	}{
		{prefixes(other), "X-Real-IP: 9.9.9.9\r\nX-Scheme: https\r\n", "127.0.0.1 http"},
		{prefixes(own), "X-Real-IP: 9.9.9.9\r\nX-Scheme: https\r\n", "9.9.9.9 https"},
		{prefixes(own), "X-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9 http"},
		{prefixes(own), "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n", "9.9.9.9 http"},
		{prefixes(own, other), "X-Forwarded-For: 6.6.6.6, 9.9.9.9, 192.0.2.1\r\n", "9.9.9.9 http"},
		{prefixes(own, other), "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\nX-Forwarded-For: 192.0.2.1\r\n", "9.9.9.9 http"},
		{prefixes(own, other), "X-Forwarded-For: 192.0.2.7, 192.0.2.1\r\n", "192.0.2.7 http"},
		{prefixes(own, other), "X-Forwarded-For: made up, 192.0.2.1\r\n", "192.0.2.1 http"},
		{prefixes(own), "X-Forwarded-For: made up\r\n", "127.0.0.1 http"},
		{prefixes(own), "X-Forwarded-For: ,\r\n", "127.0.0.1 http"},
		{prefixes(own), "X-Forwarded-For: 9.9.9.9:1234\r\n", "9.9.9.9 http"},
		{prefixes(own), "X-Forwarded-For: [2001:db8::1]:1234\r\n", "2001:db8::1 http"},
		{prefixes(own), "X-Forwarded-For: [2001:DB8::1]\r\n", "2001:db8::1 http"},
		{prefixes(own), "X-Real-IP: ::ffff:9.9.9.9\r\n", "9.9.9.9 http"},
		{prefixes(own), "X-Real-IP: fe80::1%<b>\r\n", "127.0.0.1 http"},
		{prefixes("::/0"), "X-Real-IP: 9.9.9.9\r\n", "127.0.0.1 http"},
		{nil, "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\n", "9.9.9.9 http"},
	} {
		var got string
		h := HandlerFunc(func(r *Request) { got = r.RemoteIP() + " " + r.Scheme(); answerOK(r) })
		s := serveTCP(t, &Options{XHeaders: true, TrustedProxies: tt.trusted}, h)
		c := s.dial()
		io.WriteString(c, "GET / HTTP/1.0\r\n"+tt.fields+"\r\n")
		if _, err := io.ReadAll(c); err != nil {
			t.Error(err)
		}
		c.Close()
		s.stop()
		if got != tt.want {
			t.Errorf("trusted %v, %q: got %s, want %s", tt.trusted, tt.fields, got, tt.want)
		}
	}
	play(t, &Options{XHeaders: true, TrustedProxies: prefixes(other)}, func(r *Request) {
		r.Respond(200, nil, []byte(r.RemoteIP()))
	}, func(r *rig) { // no address: as over a Unix socket
		r.dial().send(get("/", "X-Real-IP: 9.9.9.9")).expect(response("9.9.9.9"), "open")
	})
}

const (
	proxyLine = "PROXY TCP4 1.2.3.4 5.6.7.8 12345 443\r\n"
	proxyV2   = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x11\x01\x02\x03\x04\x05\x06\x07\x08\x30\x39\x01\xbb\x04\x00\x02ab"
	localV2   = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// whence answers with the address that a request came from.
func whence(r *Request) { r.Respond(200, nil, fmt.Append(nil, r.RemoteIP(), " ", r.RemoteAddr())) }

// playProxied serves on the loopback, and shuts down when play is over.
func playProxied(t *testing.T, o *Options, play func(dial func() net.Conn, s *tcpServer)) {
	s := serveTCP(t, o, HandlerFunc(whence))
	play(s.dial, s)
	s.stop()
}

// A header counts from a trusted proxy, and there has to be one.
func TestProxyProtocol(t *testing.T) {
	const said = "1.2.3.4 1.2.3.4:12345"
	request := get("/", "Connection: close", "X-Real-IP: 9.9.9.9")
	own := func(c net.Conn) string { return "127.0.0.1 " + c.LocalAddr().String() }
	for _, tt := range []struct{ send, want string }{
		{proxyLine + request, said},
		{proxyV2 + request, said},
		{"PROXY UNKNOWN\r\n" + request, "own"},
		{localV2 + request, "own"},
		{"PROXY TCP6 2001:db8::1 ::1 7 8\r\n" + request, "2001:db8::1 [2001:db8::1]:7"},
		{request, ""},
		{proxyLine + proxyLine + request, "400"},
		{"PROXY TCP4 1.2.3.4\r\n" + request, ""},
		{"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + request, ""},
	} {
		for _, trusted := range [][]netip.Prefix{nil, prefixes("127.0.0.1/32")} {
			playProxied(t, &Options{ProxyProtocol: true, TrustedProxies: trusted, XHeaders: trusted != nil}, func(dial func() net.Conn, s *tcpServer) {
				s.mute.Store(true)
				for _, cut := range []int{0, 1, 13, 16, len(proxyLine) - 1} {
					c := dial()
					io.WriteString(c, tt.send[:cut])
					if cut > 0 { // the server has a moment to see it
						turned := make(chan struct{})
						s.loop.AddCallback(func() { s.loop.AddCallback(func() { close(turned) }) })
						<-turned
					}
					io.WriteString(c, tt.send[cut:])
					got, _ := io.ReadAll(c) // a reset is an end, too
					want := tt.want
					if want == "own" {
						want = own(c)
					}
					if len(want) == 0 && len(got) > 0 || len(want) > 3 && !strings.HasSuffix(string(got), "\r\n\r\n"+want) ||
						want == "400" && !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
						t.Errorf("%q cut at %d: got %q, want %q", tt.send, cut, got, want)
					}
					c.Close()
				}
			})
		}
	}
	playProxied(t, &Options{ProxyProtocol: true, TrustedProxies: prefixes("192.0.2.0/24")}, func(dial func() net.Conn, s *tcpServer) {
		for send, want := range map[string]string{proxyLine + request: "HTTP/1.1 400 ", request: "HTTP/1.1 200 "} {
			c := dial()
			io.WriteString(c, send)
			got, _ := io.ReadAll(c)
			if !strings.HasPrefix(string(got), want) {
				t.Errorf("%q from elsewhere: %q", send, got)
			}
			c.Close()
		}
	})
}

// The handshake comes behind the header.
func TestProxyProtocolBeforeTLS(t *testing.T) {
	pair, roots := certificate(t)
	playProxied(t, &Options{ProxyProtocol: true, TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, func(dial func() net.Conn, s *tcpServer) {
		for _, header := range []string{proxyLine, proxyV2, localV2} {
			c := dial()
			io.WriteString(c, header)
			secure := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
			io.WriteString(secure, get("/", "Connection: close"))
			got, err := io.ReadAll(secure)
			want := "1.2.3.4 1.2.3.4:12345"
			if header == localV2 {
				want = "127.0.0.1 " + c.LocalAddr().String()
			}
			if err != nil || !strings.HasSuffix(string(got), want) {
				t.Errorf("%q: %q, %v", header, got, err)
			}
			c.Close()
		}
		s.mute.Store(true)
		c := dial()
		io.WriteString(c, proxyLine+getRoot)
		io.ReadAll(c)
		c.Close()
	})
}

// Who does not say from where it comes does not wait for ever, and is bounded
// in number; a shutdown waits for none of them.
func TestArrivalsAreBounded(t *testing.T) {
	play(t, &Options{ProxyProtocol: true, MaxHandshakes: 2, HeaderTimeout: timeouts.HeaderTimeout}, whence, func(r *rig) {
		r.clock.Hold(true)
		a, b, c := r.dialTCP(), r.dialTCP(), r.dialTCP()
		r.until(func() bool { return len(r.server.arrivals) == 2 && c.stream.LocalAddr() != nil })
		r.turns(20)
		if len(r.server.arrivals) != 2 || r.server.Connections() != 0 {
			t.Errorf("%d arrivals, %d connections", len(r.server.arrivals), r.server.Connections())
		}
		a.stream.Write([]byte(proxyLine+getRoot), nil)
		r.until(func() bool { return len(a.got) > 0 && len(r.server.arrivals) == 2 })
		r.clock.Hold(false)
		r.sleep(timeouts.HeaderTimeout)
		r.clock.Hold(true)
		r.until(func() bool { return b.eof && c.eof && len(r.server.arrivals) == 0 })
		d := r.dialTCP()
		r.until(func() bool { return len(r.server.arrivals) == 1 })
		a.close()
		f := r.server.Shutdown(t.Context())
		r.clock.Hold(false) // it may still say who it is, for a second
		r.sleep(firstWords)
		r.clock.Hold(true)
		r.until(func() bool { return f.Done() && d.eof })
		for _, x := range []*client{b, c, d} {
			x.close()
		}
	})
}
