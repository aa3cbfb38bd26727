package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// once answers the first request of each connection.
func once(answer string) func(*peer) {
	return func(p *peer) {
		p.request()
		p.say(answer)
	}
}

// always answers every request in the same way.
func always(answer string) func(*peer) {
	return func(p *peer) {
		for p.request() != "" {
			p.say(answer)
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\n"

func TestBodies(t *testing.T) {
	for _, x := range []struct {
		name, method, answer string
		close                bool
		code                 int
		body                 string
		kept                 bool
	}{
		{"length", "GET", ok + "Content-Length: 5\r\n\r\nhello", false, 200, "hello", true},
		{"length 0", "GET", ok + "Content-Length: 0\r\n\r\n", false, 200, "", true},
		{"chunked", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", false, 200, "hello world", true},
		{"upper-case size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", false, 200, "0123456789", true},
		{"Chunked", "GET", ok + "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", false, 200, "a", true},
		{"chunk extension", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n", false, 200, "hello", true},
		{"no chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, 200, "", true},
		{"until close", "GET", ok + "\r\nhello", true, 200, "hello", false},
		{"nothing until close", "GET", ok + "\r\n", true, 200, "", false},
		{"until close in 1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", true, 200, "hello", false},
		{"HEAD", "HEAD", ok + "Content-Length: 5\r\n\r\n", false, 200, "", true},
		{"HEAD of chunks", "HEAD", ok + "Transfer-Encoding: chunked\r\n\r\n", false, 200, "", true},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true},
		{"204 with a length", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, 204, "", false}, // and nobody knows what comes next
		{"205", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", false, 205, "", true},
		{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", false, 200, "a", true},
		{"folded field", "GET", ok + "A: b\r\n c\r\nContent-Length: 1\r\n\r\na", false, 200, "a", true},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 304, "", true},
		{"404", "GET", answer(404, "no"), false, 404, "no", true},
		{"unknown status", "GET", "HTTP/1.1 499 What\r\nContent-Length: 2\r\n\r\nok", false, 499, "ok", true},
		{"100 first", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + answer(200, "a"), false, 200, "a", true},
		{"Connection: close", "GET", answer(200, "a", "Connection: close"), false, 200, "a", false},
		{"1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", false, 200, "a", false},
		{"1.0 kept", "GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", false, 200, "a", true},
		{"more than the length", "GET", answer(200, "ok") + "more", false, 200, "ok", false},
		{"another response", "GET", answer(200, "ok") + answer(200, "no"), false, 200, "ok", false},
		{"101 that nobody takes", "GET", "HTTP/1.1 200 OK\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n", false, 200, "", true},
	} {
		t.Run(x.name, func(t *testing.T) {
			for _, piece := range []int{len(x.answer), 1, 7} {
				host := func(p *peer) {
					p.request()
					for s := x.answer; s != ""; s = s[min(piece, len(s)):] {
						p.say(s[:min(piece, len(s))])
						p.r.turns(3)
					}
					if x.close {
						p.hangUp()
					}
				}
				inMemory(t, nil, host, func(r *rig) {
					resp := r.get("http://host/", &Options{Method: x.method}, x.body)
					r.turns(30)
					if resp.Code != x.code || resp.Body == nil || r.client.pool.idling == 1 != x.kept {
						t.Errorf("in pieces of %d: %+v, %d idle", piece, resp, r.client.pool.idling)
					}
				})
			}
		})
	}
}

func TestTrailers(t *testing.T) {
	inMemory(t, nil, once(ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"), func(r *rig) {
		resp := r.get("http://host/", nil, "hello")
		if resp.Trailers.Get("a") != "b" || resp.Headers.Has("A") {
			t.Errorf("%+v", resp)
		}
	})
}

func TestABodyThatBreaksOffIsAnError(t *testing.T) {
	for _, x := range []struct {
		name, answer string
		want         *Error
		body         string
	}{
		{"length", ok + "Content-Length: 10\r\n\r\nhello", ErrTruncated, "hello"},
		{"chunk", ok + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello", ErrTruncated, "hello"},
		{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ErrTruncated, "hello"},
		{"trailers", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n", ErrTruncated, "hello"},
		{"bad chunk size", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", ErrBadBody, "hello"},
		{"chunk too long", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", ErrBadBody, "hello"},
		{"gzip", ok + "Content-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n" + string(gzipped("hello")[:10]), ErrTruncated, ""},
	} {
		host := func(p *peer) {
			p.request()
			p.say(x.answer)
			p.hangUp()
		}
		inMemory(t, nil, host, func(r *rig) {
			resp := r.fails("http://host/", nil, x.want)
			if string(resp.Body) != x.body || resp.Code != 200 || resp.BodyBytes != int64(len(x.body)) {
				t.Errorf("%s: %+v", x.name, resp)
			}
		})
	}
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

func deflated(s string, raw bool) []byte {
	var b bytes.Buffer
	var w io.WriteCloser = zlib.NewWriter(&b)
	if raw {
		w, _ = flate.NewWriter(&b, 9)
	}
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

func TestDecoding(t *testing.T) {
	long := strings.Repeat("0123456789", 300000)
	for _, x := range []struct {
		name, coding string
		sent         []byte
		want         string
		decoded      bool
	}{
		{"gzip", "gzip", gzipped("hello"), "hello", true},
		{"x-gzip", "X-GZip", gzipped("hello"), "hello", true},
		{"two members", "gzip", append(gzipped("hello "), gzipped("world")...), "hello world", true},
		{"empty", "gzip", gzipped(""), "", true},
		{"nothing at all", "gzip", nil, "", true},
		{"deflate", "deflate", deflated("hello", false), "hello", true},
		{"raw deflate", "deflate", deflated("hello", true), "hello", true},
		{"long", "gzip", gzipped(long), long, true},
		{"long raw deflate", "deflate", deflated(long, true), long, true},
		{"identity", "identity", []byte("hello"), "hello", false},
		{"unknown", "br", []byte("hello"), "hello", false},
		{"both", "gzip, deflate", []byte("hello"), "hello", false},
		{"twice", "gzip\r\nContent-Encoding: gzip", gzipped(string(gzipped("hello"))), string(gzipped(string(gzipped("hello")))), false},
	} {
		for _, piece := range []int{1 << 20, 100} {
			host := func(p *peer) {
				p.request()
				s := answer(200, string(x.sent), "Content-Encoding: "+x.coding)
				for ; s != ""; s = s[min(piece, len(s)):] {
					p.say(s[:min(piece, len(s))])
					if piece < 1000 {
						p.r.turns(2)
					}
				}
			}
			inMemory(t, nil, host, func(r *rig) {
				resp := r.get("http://host/", nil, x.want)
				if resp.Uncompressed != x.decoded || resp.Headers.Has("Content-Encoding") == x.decoded ||
					resp.Headers.Has("Content-Length") == x.decoded || resp.BodyBytes != int64(len(x.want)) {
					t.Errorf("%s: uncompressed %v, %d bytes", x.name, resp.Uncompressed, resp.BodyBytes)
				}
				if sent := resp.Request.Get("Accept-Encoding"); sent != "gzip, deflate" {
					t.Errorf("asked for %q", sent)
				}
			})
		}
	}
}

func TestNoDecoding(t *testing.T) {
	coded := string(gzipped("hello"))
	inMemory(t, nil, always(answer(200, coded, "Content-Encoding: gzip")), func(r *rig) {
		own := new(Header)
		own.Add("Accept-Encoding", "gzip")
		part := new(Header)
		part.Add("Range", "bytes=0-9")
		for _, o := range []*Options{{NoGzip: true}, {Headers: own}, {Headers: part}} {
			resp := r.get("http://host/", o, coded)
			if resp.Uncompressed || resp.Headers.Get("Content-Encoding") != "gzip" {
				t.Errorf("%+v", resp)
			}
		}
	})
	inMemory(t, nil, once(ok+"Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n"), func(r *rig) {
		resp := r.get("http://host/", &Options{Method: "HEAD"}, "")
		if resp.Headers.Get("Content-Length") != "100" {
			t.Errorf("%+v", resp.Headers)
		}
	})
}

func TestBrokenCodings(t *testing.T) {
	whole := gzipped("hello world, hello world")
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1
	for _, x := range []struct {
		name, coding string
		sent         []byte
		want         *Error
	}{
		{"no gzip", "gzip", []byte("hello world"), ErrBadBody},
		{"bad sum", "gzip", flipped, ErrBadBody},
		{"half", "gzip", whole[:len(whole)/2], ErrTruncated},
		{"half a head", "gzip", whole[:5], ErrTruncated},
		{"something behind it", "gzip", append(bytes.Clone(whole), "garbage, more than a header"...), ErrBadBody},
		{"no deflate", "deflate", []byte("\xff\xff\xff\xff"), ErrBadBody},
		{"half a deflate", "deflate", deflated("hello world", false)[:8], ErrTruncated},
	} {
		inMemory(t, nil, once(answer(200, string(x.sent), "Content-Encoding: "+x.coding)), func(r *rig) {
			r.fails("http://host/", nil, x.want)
		})
	}
}

func TestALimitOnTheBody(t *testing.T) {
	bomb := string(gzipped(strings.Repeat("\x00", 3<<20)))
	for _, x := range []struct {
		name, answer string
		body         int
	}{
		{"length", answer(200, strings.Repeat("a", 101)), 0},
		{"announced only", ok + "Content-Length: 999999999999\r\n\r\n", 0},
		{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n60\r\n" + strings.Repeat("a", 0x60) + "\r\n60\r\n" + strings.Repeat("a", 0x60) + "\r\n", 100},
		{"a huge chunk", ok + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + strings.Repeat("a", 200), 100},
		{"until close", ok + "\r\n" + strings.Repeat("a", 200), 100},
	} {
		inMemory(t, nil, once(x.answer), func(r *rig) {
			resp := r.fetch("http://host/", &Options{MaxBodyBytes: 100})
			if !errors.Is(resp.Error, ErrTooLarge) && x.name != "a huge chunk" || len(resp.Body) != x.body && x.name != "a huge chunk" || resp.Code != 200 {
				t.Errorf("%s: %+v", x.name, resp)
			}
			if resp.Error == nil || r.client.Connections() != 0 {
				t.Errorf("%s: %v, %d connections", x.name, resp.Error, r.client.Connections())
			}
		})
	}
	inMemory(t, nil, once(answer(200, bomb, "Content-Encoding: gzip")), func(r *rig) {
		resp := r.fails("http://host/", &Options{MaxBodyBytes: 1 << 20}, ErrTooLarge)
		if len(resp.Body) != 1<<20 {
			t.Errorf("%d bytes", len(resp.Body))
		}
	})
	// What comes counts, too, if it inflates to nothing.
	inMemory(t, nil, once(answer(200, strings.Repeat(string(gzipped("")), 50), "Content-Encoding: gzip")), func(r *rig) {
		r.fails("http://host/", &Options{MaxBodyBytes: 100}, ErrTooLarge)
	})
	chunks := ok + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("17\r\n"+string(gzipped(""))+"\r\n", 50) + "0\r\n\r\n"
	inMemory(t, nil, once(chunks), func(r *rig) {
		r.fails("http://host/", &Options{MaxBodyBytes: 100}, ErrTooLarge)
		r.get("http://host/", &Options{MaxBodyBytes: 10000}, "")
	})
	// The client's limit, an own one, none; and those whose body is nowhere kept.
	inMemory(t, &ClientOptions{MaxBodyBytes: 3}, always(answer(200, "hello")), func(r *rig) {
		r.fails("http://host/", nil, ErrTooLarge)
		r.get("http://host/", &Options{MaxBodyBytes: 5}, "hello")
		r.get("http://host/", &Options{MaxBodyBytes: -1}, "hello")
		r.get("http://host/", &Options{BodyTo: io.Discard}, "")
		r.fails("http://host/", &Options{BodyTo: io.Discard, MaxBodyBytes: 4}, ErrTooLarge)
	})
	inMemory(t, &ClientOptions{MaxBodyBytes: 3}, once(ok+"Content-Length: 5\r\n\r\n"), func(r *rig) {
		r.get("http://host/", &Options{Method: "HEAD"}, "")
	})
}

// A bomb is inflated bit by bit: others have their turn.
func TestInflatingDoesNotStopTheLoop(t *testing.T) {
	bomb := string(gzipped(strings.Repeat("\x00", 8<<20)))
	inMemory(t, nil, once(answer(200, bomb, "Content-Encoding: gzip")), func(r *rig) {
		future := r.client.Fetch("http://host/", nil)
		turns := 0
		for !future.Done() {
			r.turns(1)
			turns++
		}
		if resp, err := future.Await(); err != nil || len(resp.Body) != 8<<20 {
			t.Errorf("%d bytes, %v", len(resp.Body), err)
		}
		if turns < (8<<20)/decodeTurn {
			t.Errorf("%d turns", turns)
		}
	})
}

func TestOnData(t *testing.T) {
	long := strings.Repeat("0123456789", 100000)
	for _, coding := range []string{"", "gzip"} {
		sent, fields := long, []string{}
		if coding != "" {
			sent, fields = string(gzipped(long)), []string{"Content-Encoding: " + coding}
		}
		inMemory(t, nil, always(answer(200, sent, fields...)), func(r *rig) {
			for _, suspend := range []bool{false, true} {
				var got strings.Builder
				heads := 0
				resp := r.get("http://host/", &Options{
					OnResponse: func(resp *Response) error {
						heads++
						if resp.Code != 200 || got.Len() > 0 {
							t.Errorf("%+v", resp)
						}
						return nil
					},
					OnData: func(p []byte) error {
						kept := string(p)
						if suspend {
							r.turns(3)
						}
						if string(p) != kept {
							t.Error("the bytes have changed")
						}
						got.Write(p)
						return nil
					},
				}, "")
				if got.String() != long || heads != 1 || resp.BodyBytes != int64(len(long)) {
					t.Errorf("%s: %d bytes, %d heads", coding, got.Len(), heads)
				}
			}
		})
	}
}

func TestOnDataEndsTheFetch(t *testing.T) {
	failure := errors.New("no more")
	for _, coding := range []string{"", "gzip"} {
		sent, fields := "hello", []string{}
		if coding != "" {
			sent, fields = string(gzipped("hello")), []string{"Content-Encoding: " + coding}
		}
		inMemory(t, nil, always(answer(200, sent, fields...)), func(r *rig) {
			resp := r.fails("http://host/", &Options{OnData: func([]byte) error { return failure }}, ErrCallback)
			if !errors.Is(resp.Error, failure) {
				t.Errorf("%v", resp.Error)
			}
			r.fails("http://host/", &Options{OnResponse: func(*Response) error { return failure }}, ErrCallback)
			r.turns(5)
			if r.client.Connections() != 0 {
				t.Errorf("%d connections", r.client.Connections())
			}
			r.mute = true
			for i, o := range []*Options{
				{OnData: func([]byte) error { panic("oh") }},
				{OnResponse: func(*Response) error { panic("oh") }},
				{OnHeaders: func(*Header) { panic("oh") }},
				{OnProgress: func(Progress) { panic("oh") }},
				{Method: "POST", BodyFunc: func([]byte) (int, error) { panic("oh") }},
			} {
				r.log = nil
				if resp := r.fails("http://host/", o, ErrCallback); t.Failed() {
					t.Fatalf("%d %q: %v", i, coding, resp.Error)
				}
				if len(r.log) == 0 || !strings.Contains(r.log[0], "oh") {
					t.Errorf("%d: logged %q", i, r.log)
				}
			}
		})
	}
}

// slowWriter tells how much it was given at a time.
type slowWriter struct {
	got  bytes.Buffer
	most int
	err  error
	gate chan struct{}
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if w.gate != nil {
		<-w.gate
	}
	if w.err != nil {
		return 0, w.err
	}
	w.most = max(w.most, len(p))
	return w.got.Write(p)
}

func TestBodyTo(t *testing.T) {
	long := strings.Repeat("0123456789", 200000)
	for _, coding := range []string{"", "gzip", "deflate"} {
		sent, fields := long, []string{"Content-Encoding: " + coding}
		switch coding {
		case "":
			fields = nil
		case "gzip":
			sent = string(gzipped(long))
		case "deflate":
			sent = string(deflated(long, true))
		}
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if coding != "" {
				w.Header().Set("Content-Encoding", coding)
			}
			io.WriteString(w, sent)
		})
		overTCP(t, nil, func(r *rig) {
			w := new(slowWriter)
			resp := r.get(s.URL, &Options{BodyTo: w}, "")
			if w.got.String() != long || resp.BodyBytes != int64(len(long)) || w.most > writeAhead+readMost {
				t.Errorf("%s %v: %d bytes, at most %d at a time", coding, fields, w.got.Len(), w.most)
			}
			failing := &slowWriter{err: io.ErrShortBuffer}
			if resp := r.fails(s.URL, &Options{BodyTo: failing}, ErrCallback); !errors.Is(resp.Error, io.ErrShortBuffer) {
				t.Errorf("%v", resp.Error)
			}
		})
	}
}

// readMost is what comes at a time.
const readMost = 64 << 10

// A writer that blocks holds the server up, and nobody else.
func TestASlowWriterSlowsTheServer(t *testing.T) {
	long := strings.Repeat("0123456789", 500000)
	inMemory(t, nil, always(answer(200, long)), func(r *rig) {
		w := &slowWriter{gate: make(chan struct{})}
		future := r.client.Fetch("http://host/", &Options{BodyTo: w})
		r.turns(200)
		var d *download
		for f := range r.client.fetches {
			d = f.down
		}
		if n := len(d.w.queue); n > writeAhead+readMost || future.Done() {
			t.Errorf("%d bytes wait", n)
		}
		close(w.gate)
		if _, err := future.Await(); err != nil || w.got.String() != long {
			t.Errorf("%d bytes, %v", w.got.Len(), err)
		}
	})
}

// What has arrived is written before the fetch fails.
func TestABodyThatBreaksOffIsWritten(t *testing.T) {
	host := func(p *peer) {
		p.request()
		p.say(ok + "Content-Length: 10\r\n\r\nhello")
		p.hangUp()
	}
	inMemory(t, nil, host, func(r *rig) {
		w := &slowWriter{gate: make(chan struct{})}
		future := r.client.Fetch("http://host/", &Options{BodyTo: w})
		r.turns(20)
		if future.Done() {
			t.Error("done before the writer")
		}
		close(w.gate)
		if resp, err := future.Await(); !errors.Is(err, ErrTruncated) || w.got.String() != "hello" || resp.BodyBytes != 5 {
			t.Errorf("%q, %v", w.got.String(), err)
		}
	})
}

func TestProgress(t *testing.T) {
	host := func(p *peer) {
		p.request()
		p.bytes(200000)
		p.say(answer(200, strings.Repeat("a", 150000)))
	}
	inMemory(t, nil, host, func(r *rig) {
		var last Progress
		calls := 0
		r.get("http://host/", &Options{Method: "POST", Body: make([]byte, 200000), OnProgress: func(p Progress) {
			calls++
			if p.Sent < last.Sent || p.Received < last.Received || p.SendTotal != 200000 {
				t.Errorf("%+v after %+v", p, last)
			}
			last = p
		}}, strings.Repeat("a", 150000))
		if want := (Progress{200000, 200000, 150000, 150000}); last != want || calls < 4 {
			t.Errorf("%+v, %d calls", last, calls)
		}
	})
}

// A fetch from within a callback of another one.
func TestAwaitInOnData(t *testing.T) {
	inMemory(t, nil, always(answer(200, "hello")), func(r *rig) {
		inner := ""
		r.get("http://host/", &Options{OnData: func([]byte) error {
			resp, err := r.client.Fetch("http://host/", nil).Await()
			if err == nil {
				inner = string(resp.Body)
			}
			return err
		}}, "")
		if inner != "hello" || len(r.peers) != 2 {
			t.Errorf("%q over %d connections", inner, len(r.peers))
		}
	})
}

// The fetch may end while a callback of its is away.
func TestTimeoutWhileSuspended(t *testing.T) {
	for _, coding := range []string{"", "gzip"} {
		sent, fields := "hello", []string{}
		if coding != "" {
			sent, fields = string(gzipped("hello")), []string{"Content-Encoding: gzip"}
		}
		inMemory(t, nil, always(answer(200, sent, fields...)), func(r *rig) {
			wake, settle := ioloop.NewFuture[struct{}](r.loop)
			r.fails("http://host/", &Options{OnData: func([]byte) error {
				_, err := wake.Await()
				return err
			}}, ErrRequestTimeout)
			settle(struct{}{}, nil)
			r.turns(5)
			r.get("http://host/", nil, "hello")
		})
	}
}

// Bodies that go from one fetch to another through pipes do not wait for each
// other's goroutines, nor do they keep the loop's from those who need them.
func TestBodiesThroughPipes(t *testing.T) {
	const pairs, size = 40, 300_000
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			w.Write(bytes.Repeat([]byte("x"), size))
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, " ", err)
	})
	r := newRig(t, &ioloop.Options{MaxHelpers: 1})
	r.run(&ClientOptions{Proxy: NoProxy, MaxConnsPerHost: 2 * pairs}, func() {
		var sent []*ioloop.Future[*Response]
		for range pairs { // all of them begin to read, and then those who write begin
			from, to := io.Pipe()
			sent = append(sent, r.client.Fetch(s.URL, &Options{Method: "POST", BodyReader: from}))
			r.client.Fetch(s.URL, &Options{BodyTo: to}).Then(func(_ *Response, err error) { to.CloseWithError(err) })
		}
		if n, err := ioloop.Offload(r.loop, func() (int, error) { return 7, nil }).Await(); n != 7 || err != nil {
			t.Error(n, err)
		}
		for _, f := range sent {
			if res, err := f.Await(); err != nil || string(res.Body) != fmt.Sprint(size, " <nil>") {
				t.Errorf("%v, %v", res, err)
			}
		}
	})
}
