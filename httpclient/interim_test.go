package httpclient

import (
	"testing"
	"time"
)

// Rule 91: interim responses are skipped, however many, and nothing of them is
// left in the response; a 101 that was not asked for is none, and what they
// announce must come.
func TestInterimResponsesAreSkipped(t *testing.T) {
	final := answer(200, "body", "X-A: final")
	for _, x := range []struct{ name, say string }{
		{"none", ""},
		{"100", "HTTP/1.1 100 Continue\r\n\r\n"},
		{"102", "HTTP/1.1 102 Processing\r\n\r\n"},
		{"103 with fields", "HTTP/1.1 103 Early Hints\r\nX-A: early\r\nLink: </a>\r\n\r\n"},
		{"one that nobody knows", "HTTP/1.1 199 What\r\n\r\n"},
		{"several", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nX-B: y\r\n\r\nHTTP/1.1 100 \r\n\r\n"},
		{"one with a length, which has no meaning", "HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\n"},
	} {
		for _, together := range []bool{true, false} {
			inMemory(t, nil, func(p *peer) {
				for p.request() != "" {
					p.say(x.say)
					if !together {
						p.r.sleep(time.Second)
					}
					p.say(final)
				}
			}, func(r *rig) {
				for range 2 { // the connection is as good as before
					resp := r.get("http://host/", nil, "body")
					if resp.Code != 200 || resp.Reason != "OK" || resp.Headers.Get("X-A") != "final" || resp.Headers.Len() != 2 || len(r.peers) != 1 {
						t.Errorf("%s: %+v", x.name, resp)
					}
				}
			})
		}
	}
	for _, x := range []struct {
		name, say string
		want      *Error
	}{
		{"nothing follows", "HTTP/1.1 100 Continue\r\n\r\n", ErrRequestTimeout},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", ErrParseHeaders},
		{"101 and a response", "HTTP/1.1 101 Switching Protocols\r\n\r\n" + final, ErrParseHeaders},
	} {
		inMemory(t, nil, func(p *peer) { p.request(); p.say(x.say) }, func(r *rig) {
			if resp := r.fails("http://host/", nil, x.want); resp.Code != 0 || resp.Body != nil {
				t.Errorf("%s: %+v", x.name, resp)
			}
			r.turns(5)
			if !r.peers[0].stream.Closed() {
				t.Errorf("%s: the connection is open", x.name)
			}
		})
	}
}
