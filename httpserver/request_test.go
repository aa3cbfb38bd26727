package httpserver

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A client that has ended its half has not gone, unless somebody takes it for
// that; one that has really gone is still known by its address.
func TestOnGone(t *testing.T) {
	var q *Request
	gone, closed := 0, 0
	half := false
	play(t, nil, func(x *Request) {
		q = x
		q.OnGone(func() { gone++ })
		if !half {
			q.OnClose(func() { closed++ })
		}
	}, func(r *rig) {
		half = true
		c := r.dialTCP()
		r.until(func() bool { return c.stream.LocalAddr() != nil })
		c.stream.Write([]byte(getRoot), nil)
		r.until(func() bool { return q != nil })
		c.stream.CloseWrite()
		r.turns(20)
		if gone+closed > 0 {
			t.Error("it has not gone")
		}
		if q.Server() != r.server {
			t.Error("another server")
		}
		q.StartResponse(200, nil, -1)
		c.stream.Close()
		r.until(func() bool {
			q.Write([]byte("x"), nil)
			return gone > 0
		})
		if ip := q.RemoteIP(); ip != "127.0.0.1" {
			t.Errorf("it was %q", ip)
		}
		half = false
		c = r.dial()
		c.send(getRoot)
		c.stream.CloseWrite()
		r.turns(20)
		if closed != 1 {
			t.Error("nobody was told")
		}
		if err := q.Respond(200, nil, nil); err != ErrClosed {
			t.Error(err)
		}
	})
}

func TestRequestFields(t *testing.T) {
	var got []string
	say := func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }
	h := func(r *Request) {
		say("%s %s %s %q %s", r.Method(), r.Target(), r.Path(), r.RawQuery(), r.Version())
		say("%s %s %s", r.Host(), r.Scheme(), r.FullURL())
		say("%v %v %q %q %v", r.ProtoAtLeast11(), r.Upgrade(), r.Fields().Values("x"), r.Body(), r.Trailers().Get("T"))
		answerOK(r)
	}
	tests := []struct {
		input string
		want  []string
	}{
		{"GET /a/b?c=d HTTP/1.1\r\nHost: h:8\r\nX: 1\r\nX: 2\r\n\r\n", []string{
			`GET /a/b?c=d /a/b "c=d" HTTP/1.1`, "h:8 http http://h:8/a/b?c=d", `true false ["1" "2"] "" `,
		}},
		{"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", []string{
			`POST / / "" HTTP/1.0`, "127.0.0.1 http http://127.0.0.1/", `false false [] "x" `,
		}},
		{"GET http://x.example/p HTTP/1.2\r\nHost: h\r\n\r\n", []string{
			`GET http://x.example/p /p "" HTTP/1.2`, "x.example http http://x.example/p", `true false [] "" `,
		}},
		{"POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: u\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: v\r\n\r\n", []string{
			`POST / / "" HTTP/1.1`, "h http http://h/", `true true [] "" v`,
		}},
	}
	play(t, nil, h, func(r *rig) {
		for _, tt := range tests {
			got = nil
			r.dial().send(tt.input)
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q:\ngot  %q\nwant %q", tt.input, got, tt.want)
			}
		}
	})
}

// D28: what a proxy says is believed when it may be, and makes sense.
func TestXHeaders(t *testing.T) {
	tests := []struct{ fields, ip, scheme string }{
		{"", "", "http"},
		{"X-Real-Ip: 9.9.9.9\r\n", "9.9.9.9", "http"},
		{"X-Forwarded-For: 8.8.8.8\r\n", "8.8.8.8", "http"},
		{"X-Forwarded-For: 1.1.1.1, 8.8.8.8\r\n", "8.8.8.8", "http"},
		{"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", "http"},
		{"X-Real-Ip: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\n", "9.9.9.9", "http"},
		{"X-Real-Ip: junk\r\n", "", "http"},
		{"X-Real-Ip: j1nk\r\n", "", "http"},
		{"X-Scheme: https\r\n", "", "https"},
		{"X-Scheme: HTTPS\r\n", "", "https"},
		{"X-Scheme: gopher\r\n", "", "http"},
		{"X-Forwarded-Proto: https\r\n", "", "https"},
		{"X-Scheme: http\r\nX-Forwarded-Proto: https\r\n", "", "http"},
	}
	for _, believe := range []bool{true, false} {
		var ip, scheme string
		h := func(r *Request) {
			ip, scheme = r.RemoteIP(), r.Scheme()
			if r.RemoteIP() != ip {
				t.Error("it changes")
			}
			answerOK(r)
		}
		play(t, &Options{XHeaders: believe}, h, func(r *rig) {
			for _, tt := range tests {
				r.dial().send("GET / HTTP/1.1\r\nHost: h\r\n" + tt.fields + "\r\n")
				wantIP, wantScheme := tt.ip, tt.scheme
				if !believe {
					wantIP, wantScheme = "", "http"
				}
				if ip != wantIP || scheme != wantScheme {
					t.Errorf("%q, believed: %v: %q %q", tt.fields, believe, ip, scheme)
				}
			}
		})
	}
}

func TestFullURL(t *testing.T) {
	var got string
	play(t, nil, func(r *Request) { got = r.FullURL(); answerOK(r) }, func(r *rig) {
		for request, want := range map[string]string{
			"GET /a?b=c":            "http://h:8/a?b=c",
			"GET http://x:9/a?b=c":  "http://x:9/a?b=c",
			"OPTIONS *":             "http://h:8",
			"OPTIONS http://x":      "http://x",
			"CONNECT y:1":           "http://y:1",
			"GET https://x.example": "https://x.example",
		} {
			r.dial().send(request + " HTTP/1.1\r\nHost: h:8\r\n\r\n")
			if got != want {
				t.Errorf("%s: %q, want %q", request, got, want)
			}
		}
	})
}

func TestElapsed(t *testing.T) {
	var held *Request
	play(t, nil, func(r *Request) { held = r }, func(r *rig) {
		r.dial().send(getRoot)
		r.sleep(3 * time.Second)
		if got := held.Elapsed(); got != 3*time.Second {
			t.Errorf("got %v", got)
		}
	})
}

func TestStatusText(t *testing.T) {
	if StatusText(404) != "Not Found" || StatusText(299) != "" {
		t.Error("wrong")
	}
}
