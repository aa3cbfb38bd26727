package httpclient

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Every response, broken off behind every byte: the fetch ends at once with an
// error that says how far it was, and has what came of the body; over a kept
// connection it is asked again when nothing has come, and only then.
func TestEveryCutOfAResponse(t *testing.T) {
	const body = "hello, wide world"
	chunks := "5\r\nhello\r\nc;x=y\r\n, wide world\r\n0\r\nA: b\r\n\r\n"
	coded := string(gzipped(body))
	for _, x := range []struct{ name, interim, head, body string }{
		{"length", "", ok + "Content-Length: 17\r\n\r\n", body},
		{"chunks", "", ok + "Transfer-Encoding: chunked\r\n\r\n", chunks},
		{"interims", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n", ok + "Content-Length: 17\r\n\r\n", body},
		{"gzip", "", ok + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(coded)), coded},
		{"gzip until close", "", ok + "Content-Encoding: gzip\r\n\r\n", coded},
	} {
		whole := x.interim + x.head + x.body
		for cut := range len(whole) + 1 {
			for _, kept := range []bool{false, true} {
				want := ErrParseHeaders
				_, _, over := strings.Cut(whole[:cut], "\r\n\r\n")
				switch {
				case cut == len(whole), cut == len(x.interim+x.head) && x.name == "gzip until close":
					want = nil
				case cut >= len(x.interim+x.head):
					want = ErrTruncated
				case cut == 0, over && strings.HasSuffix(whole[:cut], "\r\n\r\n"):
					want = ErrNoHeaders
				}
				host := func(p *peer) {
					if kept && p.number == 1 {
						p.request()
						p.say(answer(200, "first"))
					}
					if p.request(); kept && p.number > 1 {
						p.say(answer(200, "again"))
						return
					}
					p.say(whole[:cut])
					p.hangUp()
				}
				inMemory(t, nil, host, func(r *rig) {
					if kept {
						r.get("http://host/", nil, "first")
						if cut == 0 {
							r.get("http://host/", nil, "again")
							return
						}
					}
					resp := r.fetch("http://host/", nil)
					if (resp.Error == nil) != (want == nil) || want != nil && !errors.Is(resp.Error, want) || len(r.peers) != 1 {
						t.Errorf("%s, %d of %d bytes, kept %v: %v, %d connections", x.name, cut, len(whole), kept, resp.Error, len(r.peers))
					}
					if !strings.HasPrefix(body, string(resp.Body)) || want == nil && cut == len(whole) && string(resp.Body) != body {
						t.Errorf("%s, %d bytes: %q", x.name, cut, resp.Body)
					}
					if x.name == "length" && cut > len(x.head) && string(resp.Body) != whole[len(x.head):cut] {
						t.Errorf("%d bytes: %q", cut, resp.Body)
					}
				})
			}
		}
	}
}
