package httpserver

// Scenes of the original's rules, played as the recordings are, with what is to
// be heard and seen written beside them.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A scene is what a client sends, in pieces, and what is heard of it: what the
// handler says, and at the end what the client has got.
type scene struct {
	name  string
	send  []string
	heard []string
}

// playScenes plays each scene on a server and a connection of its own, for a
// second.
func playScenes(t *testing.T, o *Options, scenes []scene, handler func(say func(format string, args ...any)) func(r *rig, q *Request)) {
	t.Helper()
	for _, s := range scenes {
		var heard []string
		say := func(format string, args ...any) { heard = append(heard, fmt.Sprintf(format, args...)) }
		serve := handler(say)
		var stage *rig
		play(t, o, func(q *Request) { serve(stage, q) }, func(r *rig) {
			stage = r
			c := r.dial()
			for _, piece := range s.send {
				c.send(piece)
			}
			r.sleep(time.Second)
			for status, rest := "", c.take(); rest != ""; {
				status, rest = firstResponse(rest)
				say("client has %s", status)
			}
			say("connection is %s", c.state())
		})
		if diff := cmp.Diff(s.heard, heard); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
	}
}

// firstResponse cuts the first response off, and returns its status, its body and
// whether it says that the connection ends.
func firstResponse(s string) (string, string) {
	head, rest, _ := strings.Cut(s, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	text, n := strings.TrimPrefix(lines[0], "HTTP/1.1 "), 0
	for _, field := range lines[1:] {
		if field == "Connection: close" {
			text += ", close"
		}
		fmt.Sscanf(field, "Content-Length: %d", &n)
	}
	if n = min(n, len(rest)); strings.HasPrefix(text, "200") {
		text += " " + rest[:n]
	}
	return text, rest[n:]
}

func post(path, body string, fields ...string) string {
	s := "POST " + path + " HTTP/1.1\r\nHost: h\r\n"
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// Rule 47: a request that has come meanwhile waits for the end of the one before
// it, and for the callback of its last write.
func TestScenesOfPipelining(t *testing.T) {
	playScenes(t, nil, []scene{
		{"at once", []string{get("/1") + post("/2", "body") + get("/3")}, []string{
			"/1", "/1 finished", `/2 "body"`, "/2 finished", "/3", "/3 finished",
			"client has 200 OK /1", "client has 200 OK /2", "client has 200 OK /3", "connection is open",
		}},
		{"later", []string{get("/late/1") + get("/2"), get("/late/3")}, []string{
			"/late/1", "/late/1 finished", "/2", "/2 finished", "/late/3", "/late/3 finished",
			"client has 200 OK /late/1", "client has 200 OK /2", "client has 200 OK /late/3", "connection is open",
		}},
		{"with a callback", []string{get("/told/1") + get("/told/2") + get("/3")}, []string{
			"/told/1", "/told/1 finished", "/told/1 has left", "/told/2", "/told/2 finished", "/told/2 has left", "/3", "/3 finished",
			"client has 200 OK /told/1", "client has 200 OK /told/2", "client has 200 OK /3", "connection is open",
		}},
		{"in pieces", []string{get("/late/1") + "GET /2 HT", "TP/1.1\r\nHost: h\r\n\r", "\n"}, []string{
			"/late/1", "/late/1 finished", "/2", "/2 finished",
			"client has 200 OK /late/1", "client has 200 OK /2", "connection is open",
		}},
		{"behind the last one", []string{get("/late/1", "Connection: close") + get("/2")}, []string{
			"/late/1", "/late/1 finished", "client has 200 OK, close /late/1", "connection is eof",
		}},
		{"behind one of HTTP/1.0", []string{"GET /1 HTTP/1.0\r\n\r\n" + get("/2")}, []string{
			"/1", "/1 finished", "client has 200 OK, close /1", "connection is eof",
		}},
		{"garbage behind one", []string{get("/late/1") + "garbage\r\n\r\n" + get("/3")}, []string{
			"/late/1", "/late/1 finished", "client has 200 OK /late/1", "client has 400 Bad Request, close", "connection is eof",
		}},
		{"behind one that is broken off", []string{get("/1") + get("/abort") + get("/3")}, []string{
			"/1", "/1 finished", "/abort", "client has 200 OK /1", "connection is eof",
		}},
		{"behind one that panics", []string{get("/1") + get("/panic") + get("/3")}, []string{
			"/1", "/1 finished", "/panic", "client has 200 OK /1", "connection is eof",
		}},
		{"behind one that is broken off later", []string{get("/1") + get("/late/abort") + get("/3")}, []string{
			"/1", "/1 finished", "/late/abort", "client has 200 OK /1", "connection is eof",
		}},
	}, func(say func(string, ...any)) func(*rig, *Request) {
		return func(r *rig, q *Request) {
			path := string(q.Path())
			if line := path; len(q.Body()) > 0 {
				say("%s %q", line, q.Body())
			} else {
				say("%s", line)
			}
			finish := func(done func()) {
				if err := q.StartResponse(200, nil, int64(len(path))); err != nil {
					t.Error(err)
				}
				if err := q.Write([]byte(path), done); err != nil {
					t.Error(err)
				}
				if err := q.Finish(nil); err != nil {
					t.Error(err)
				}
				say("%s finished", path)
			}
			switch {
			case path == "/panic":
				r.mute = true
				panic("on purpose")
			case path == "/abort":
				q.Abort()
			case path == "/late/abort":
				r.loop.AddTimeout(20*time.Millisecond, q.Abort)
			case strings.HasPrefix(path, "/late"):
				r.loop.AddTimeout(20*time.Millisecond, func() { finish(nil) })
			case strings.HasPrefix(path, "/told"):
				finish(func() { say("%s has left", path) })
			default:
				finish(nil)
			}
		}
	})
}

// sayAndAnswer is the handler of the scenes about what comes in.
func sayAndAnswer(say func(string, ...any)) func(*rig, *Request) {
	return func(_ *rig, q *Request) {
		say("%s %s %q", q.Method(), q.Path(), q.Body())
		answerOK(q)
	}
}

// Rule 53, but for D24: chunks are understood, and nothing else is guessed at.
func TestScenesOfTransferCodings(t *testing.T) {
	coded := func(te, body string) []string {
		return []string{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + te + "\r\n\r\n" + body + get("/2")}
	}
	const hello = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: x\r\n\r\n"
	understood := []string{`POST / "hello world"`, `GET /2 ""`, "client has 200 OK ok", "client has 200 OK ok", "connection is open"}
	refused := func(status string) []string {
		return []string{"client has " + status + ", close", "connection is eof"}
	}
	bad, unknown := refused("400 Bad Request"), refused("501 Not Implemented")
	playScenes(t, nil, []scene{
		{"chunked", coded("chunked", hello), understood},
		{"another case", coded("Chunked", hello), understood},
		{"upper-case sizes", coded("chunked", "A\r\n0123456789\r\n0\r\n\r\n"),
			[]string{`POST / "0123456789"`, `GET /2 ""`, "client has 200 OK ok", "client has 200 OK ok", "connection is open"}},
		{"no body", coded("chunked", "0\r\n\r\n"),
			[]string{`POST / ""`, `GET /2 ""`, "client has 200 OK ok", "client has 200 OK ok", "connection is open"}},
		{"it does not come", []string{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}, []string{"connection is open"}},
		{"another coding in front", coded("gzip, chunked", hello), unknown},
		{"another coding behind", coded("chunked, gzip", hello), bad},
		{"another coding", coded("gzip", hello), bad},
		{"identity", coded("identity", hello), bad},
		{"none", coded("", hello), bad},
		{"twice", coded("chunked, chunked", hello), bad},
		{"two fields", coded("chunked\r\nTransfer-Encoding: chunked", hello), bad},
		{"beside a length", coded("chunked\r\nContent-Length: 5", hello), bad},
		{"HTTP/1.0", []string{"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + hello}, bad},
		{"of a GET", []string{get("/", "Transfer-Encoding: chunked") + hello},
			[]string{`GET / "hello world"`, "client has 200 OK ok", "connection is open"}},
	}, sayAndAnswer)
}

// Rules 52 and 55: any method may have a body, of any type; one that is too long
// is refused before it comes.
func TestScenesOfBodies(t *testing.T) {
	served := func(request string) []string {
		return []string{request, "client has 200 OK ok", "connection is open"}
	}
	refused := []string{"client has 413 Content Too Large, close", "connection is eof"}
	const form, multipart = "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=B"
	playScenes(t, &Options{MaxBodyBytes: 10}, []scene{
		{"none", []string{"POST / HTTP/1.1\r\nHost: h\r\n\r\n"}, served(`POST / ""`)},
		{"an empty one", []string{post("/", "")}, served(`POST / ""`)},
		{"in pieces", []string{strings.TrimSuffix(post("/", "0123456789"), "456789"), "45678", "9"}, served(`POST / "0123456789"`)},
		{"of a GET", []string{strings.Replace(post("/", "body"), "POST", "GET", 1)}, served(`GET / "body"`)},
		{"of a DELETE", []string{strings.Replace(post("/", "body"), "POST", "DELETE", 1)}, served(`DELETE / "body"`)},
		{"a form is what was sent", []string{post("/", "a=1&b=%32", form)}, served(`POST / "a=1&b=%32"`)},
		{"a broken form too", []string{post("/", "--C--", multipart)}, served(`POST / "--C--"`)},
		{"one byte too long", []string{post("/", "0123456789a")}, refused},
		{"too long, and it does not come", []string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n"}, refused},
		{"too long, in chunks", []string{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\n"}, refused},
		{"too long, behind another request", []string{get("/") + post("/", "0123456789a") + get("/")},
			[]string{`GET / ""`, "client has 200 OK ok", "client has 413 Content Too Large, close", "connection is eof"}},
	}, sayAndAnswer)
}
