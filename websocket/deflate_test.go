package websocket

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// packed is a message in one compressed frame, as a client sends it. Its content
// was compressed by the other end of the terms.
func packed(t testing.TB, op rfc6455.Opcode, message string) []byte {
	cfg := rfc6455.Config{Role: rfc6455.Client, MaskKey: func() [4]byte { return [4]byte{1, 2, 3, 4} }}
	cfg.Extension = rfc6455.NewDeflate(&cfg, new(rfc6455.DeflateTools), rfc6455.DeflateTerms{})
	var c rfc6455.Conn
	c.Init(&cfg)
	b, err := c.AppendMessage(nil, op, []byte(message))
	if err != nil || b[0]&rfc6455.RSV1 == 0 {
		t.Fatalf("%v, first byte %#x", err, b[0])
	}
	return b
}

// compressedRig is a rig on which compression has been agreed upon.
func compressedRig(t *testing.T, o *Options, offer string) *rig {
	r := newRig(t, o)
	list, err := rfc6455.ParseExtensions([]string{offer})
	if err != nil {
		t.Fatal(err)
	}
	a := r.conn.kind.opts.Compression.accept(list)
	if a.response == "" {
		t.Fatal("nothing was agreed upon")
	}
	r.conn.compress(a)
	return r
}

const offer = "permessage-deflate; client_max_window_bits"

func TestHandshakeAgreesOnCompression(t *testing.T) {
	const both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, tc := range []struct {
		options     *Compression
		offer, want string
	}{
		{nil, offer, ""},
		{&Compression{}, "", ""},
		{&Compression{}, "permessage-bzip2", ""},
		{&Compression{}, "permessage-deflate; server_max_window_bits=7", ""},
		{&Compression{}, offer, both},
		{&Compression{}, "permessage-deflate; server_max_window_bits=7, " + offer, both},
		{&Compression{}, "permessage-deflate; server_max_window_bits=9", both + "; server_max_window_bits=9"},
		{&Compression{PeerWindowBits: 10}, offer, both + "; client_max_window_bits=10"},
		{&Compression{Takeover: true}, offer, "permessage-deflate; server_no_context_takeover"},
		{&Compression{SendTakeover: true}, offer, "permessage-deflate; client_no_context_takeover"},
		{&Compression{SendTakeover: true}, "permessage-deflate; server_no_context_takeover", both},
		{&Compression{Takeover: true, SendTakeover: true}, offer, "permessage-deflate"},
	} {
		s := newSite(t, &Options{Compression: tc.options})
		var head string
		s.do(func() {
			c := s.dial()
			c.status = func(got, _ string) { head = got }
			c.send([]byte(handshake("/ws", "Sec-WebSocket-Extensions: "+tc.offer)))
		})
		s.play()
		got := ""
		for line := range strings.SplitSeq(head, "\r\n") {
			if value, ok := strings.CutPrefix(line, "Sec-WebSocket-Extensions: "); ok {
				got += value
			}
		}
		if got != tc.want || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			t.Errorf("%+v, offer %q: %q, want %q", tc.options, tc.offer, head, tc.want)
		}
	}
}

func TestMalformedExtensionsAreRefused(t *testing.T) {
	for _, value := range []string{"permessage-deflate;", "a b", `a;b="`, "=", "permessage-deflate; server_max_window_bits="} {
		s := newSite(t, nil)
		s.connect(handshake("/ws", "Sec-WebSocket-Extensions: "+value))
		if got := s.play(); len(got) == 0 || !strings.HasPrefix(got[0], "peer: HTTP/1.1 400 Bad Request") {
			t.Errorf("%q: %q", value, got)
		}
	}
}

func TestCompressedMessagesBothWays(t *testing.T) {
	r := compressedRig(t, &Options{Compression: &Compression{Threshold: 100}}, offer)
	big := many("Hello! ", 1000)
	r.owner.onMessage = func(msg []byte) { r.must(r.conn.WriteMessage(msg)) }
	r.peer.frame = func(h rfc6455.Header, _ int, payload []byte) {
		r.note("peer: rsv %#x, short %v", h.RSV, len(payload) < 200)
	}
	r.send(packed(t, rfc6455.Text, big))
	r.send(text("short"))
	r.send(text(many("x", 100)))
	r.run("message text of 7000", "peer: rsv 0x40, short true", `message text "short"`, "peer: rsv 0x0, short true",
		"message text of 100", "peer: rsv 0x40, short true")
}

func TestBombIsStopped(t *testing.T) {
	r := compressedRig(t, &Options{MaxMessageBytes: 100000, Compression: &Compression{}}, offer)
	r.send(packed(t, rfc6455.Binary, many("\x00", 10<<20)))
	r.run("error WebSocket protocol error: message is too big", `peer: close 1009 "message is too big"`, "peer: eof", `close 1006 ""`)
}

func TestBrokenCompressionIsAFault(t *testing.T) {
	r := compressedRig(t, &Options{Compression: &Compression{}}, offer)
	f := text("\x07no block is like that")
	f[0] |= rfc6455.RSV1
	r.send(f)
	r.run("error WebSocket protocol error: encoded message cannot be decoded",
		`peer: close 1007 "encoded message cannot be decoded"`, "peer: eof", `close 1006 ""`)
}

func TestTakeoverIsOneConnectionsOwn(t *testing.T) {
	k := newKind(&Options{Compression: &Compression{Takeover: true}})
	r := newRig(t, &k.opts)
	own := r.conn.kind
	without := rfc6455.DeflateTerms{ClientNoTakeover: true, ServerNoTakeover: true}
	for _, with := range []rfc6455.DeflateTerms{{}, {ClientNoTakeover: true}, {ServerNoTakeover: true}} {
		if own.compressing(with) == own.compressing(with) {
			t.Errorf("%+v: two connections share what their peers refer to", with)
		}
	}
	if own.compressing(without) != own.compressing(without) {
		t.Error("two connections do not share what they could")
	}
	r.run()
}

// TestIdleCompressedConnectionHoldsNothing: after a message in each direction a
// connection is as small as one without compression.
func TestIdleCompressedConnectionHoldsNothing(t *testing.T) {
	r := compressedRig(t, &Options{Compression: &Compression{}}, offer)
	r.owner.onMessage = func(msg []byte) { r.must(r.conn.WriteMessage(msg)) }
	r.peer.frame = func(rfc6455.Header, int, []byte) {}
	msg := packed(t, rfc6455.Text, many("Hello! ", 1000))
	r.send(msg[:len(msg)/2]).wait(time.Second).send(msg[len(msg)/2:])
	r.do(func() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		conns := make([]Conn, 1000)
		for i := range conns {
			conns[i].open(r.conn.kind, r.conn.stream, r.owner, nil)
			conns[i].compress(agreement{rfc6455.DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}, "yes"})
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / 1000; got > 220 {
			t.Errorf("an idle connection has %d bytes", got)
		}
		for i := range conns {
			conns[i].kind.remove(&conns[i])
		}
	})
	r.run("message text of 7000")
}

func TestCompressedMessageInParts(t *testing.T) {
	r, owner := newPartRig(t, &Options{Compression: &Compression{}})
	r.conn.compress(agreement{rfc6455.DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}, "yes"})
	size, largest := 0, 0
	owner.onPart = func(part []byte, _, last bool) {
		size += len(part)
		largest = max(largest, len(part))
		if last {
			r.lines = nil
			r.note("%d bytes, none of the parts is large: %v", size, largest < 4<<20)
		}
	}
	r.send(packed(t, rfc6455.Binary, many("Hello! ", 2<<20)))
	r.run("14680064 bytes, none of the parts is large: true")
}

// BenchmarkCompressedEcho is a text of 1 KiB that comes compressed and goes
// compressed.
func BenchmarkCompressedEcho(b *testing.B) {
	l := ioloop.New(nil)
	server, client := iostream.Pipe(l, nil)
	conn := new(Conn)
	conn.open(newKind(&Options{Compression: &Compression{}}).in(&upgrades{loop: l}), server, &echoer{conn}, nil)
	conn.compress(agreement{rfc6455.DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}, "yes"})
	conn.start()
	var payload strings.Builder
	for i := 0; payload.Len() < 1024; i++ {
		fmt.Fprintf(&payload, `{"id":%d,"name":"participant %d","score":%d.5},`, i, i*7, i*i)
	}
	echo, err := conn.core.AppendMessage(nil, rfc6455.Text, []byte(payload.String()))
	if err != nil {
		b.Fatal(err)
	}
	c := &caller{stream: client, frame: packed(b, rfc6455.Text, payload.String()), size: len(echo)}
	b.SetBytes(1024)
	b.ReportAllocs()
	b.ResetTimer()
	c.echo(b, l, b.N)
	b.StopTimer()
	client.Close()
	l.AddCallback(func() { l.AddCallback(l.Close) })
	if err := l.Start(); err != nil {
		b.Error(err)
	}
}
