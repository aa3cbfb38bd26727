package rfc6455

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"strings"

	"github.com/turbogo/turbo/internal/wiretest"
)

// A wire is one thing that a peer sends: a frame, or bytes as they are. The
// same list serves both roles; it is masked where the peer is a client.
type wire struct {
	fin     bool
	rsv     byte
	opcode  Opcode
	payload string
	raw     bool // payload is the bytes; nothing else counts
}

func text(s string) wire             { return wire{fin: true, opcode: Text, payload: s} }
func bin(s string) wire              { return wire{fin: true, opcode: Binary, payload: s} }
func start(op Opcode, s string) wire { return wire{opcode: op, payload: s} }
func more(s string) wire             { return wire{opcode: Continuation, payload: s} }
func end(s string) wire              { return wire{fin: true, opcode: Continuation, payload: s} }
func ping(s string) wire             { return wire{fin: true, opcode: Ping, payload: s} }
func pong(s string) wire             { return wire{fin: true, opcode: Pong, payload: s} }
func closing(s string) wire          { return wire{fin: true, opcode: Close, payload: s} }
func rawBytes(s string) wire         { return wire{raw: true, payload: s} }
func (w wire) reserved(rsv byte) wire {
	w.rsv = rsv
	return w
}

func closeWith(code CloseCode, reason string) wire {
	return closing(string([]byte{byte(code >> 8), byte(code)}) + reason)
}

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// encode is what the peer of a connection in this role sends.
func encode(role Role, list ...wire) []byte {
	var b []byte
	for _, w := range list {
		if w.raw {
			b = append(b, w.payload...)
			continue
		}
		h := Header{Fin: w.fin, RSV: w.rsv, Opcode: w.opcode, Masked: role == Server, Key: testKey}
		b = AppendFrame(b, h, []byte(w.payload))
	}
	return b
}

// config is the configuration for a role, with a mask key that is known.
func config(role Role) Config {
	return Config{Role: role, MaskKey: func() [4]byte { return testKey }}
}

type iterPieces = iter.Seq[[]byte]

// scenario runs a connection and writes down what it tells, then what it sends
// by itself, then how it ended.
func scenario(cfg Config) wiretest.Scenario {
	return scenarioAfter(cfg, func(*Conn) []byte { return nil })
}

// closedScenario is one in which we have closed before anything came.
func closedScenario(cfg Config) wiretest.Scenario {
	return scenarioAfter(cfg, func(c *Conn) []byte {
		p, err := c.AppendClose(nil, NormalClosure, "done")
		if err != nil {
			panic(err)
		}
		return p
	})
}

func scenarioAfter(cfg Config, before func(*Conn) []byte) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
		cfg := cfg
		if cfg.Pool != nil {
			cfg.Pool = new(Pool)
		}
		var c Conn
		c.Init(&cfg)
		out := before(&c)
		pump := func() {
			for {
				ev, err := c.Next()
				out = c.AppendOutput(out)
				if err != nil {
					record(r, &c, Event{}, err)
				}
				if err != nil || ev.Kind == NeedData || ev.Kind == End {
					return
				}
				record(r, &c, ev, nil)
				poison(ev.Payload)
			}
		}
		for p := range pieces {
			c.Receive(p)
			pump()
		}
		c.ReceiveEOF()
		pump()
		for _, line := range frames(out) {
			r.Eventf("sent %s", line)
		}
		r.Eventf("%d", c.CloseCode())
		if c.scratch != nil {
			r.Eventf("memory is still held: %+v", *c.scratch)
		}
	}
}

// poison spoils what the owner was lent: it is the owner's to change, and
// nothing may depend on it afterwards.
func poison(p []byte) {
	for i := range p {
		p[i] = 0xFB
	}
}

func record(r *wiretest.Recorder, c *Conn, ev Event, err error) {
	switch {
	case err != nil:
		e := err.(*ProtocolError)
		r.Eventf("error %d %s", e.Code, e.Reason)
	case ev.Kind == Part:
		name := "binary"
		if ev.Opcode == Text {
			name = "text"
		}
		if ev.First() {
			r.Eventf("%s begins", name)
		}
		r.Data("part", ev.Payload)
		if ev.Last() {
			r.Eventf("%s ends", name)
		}
	case ev.Kind == Message && ev.Opcode == Text:
		r.Eventf("text %s", quoted(ev.Payload))
	case ev.Kind == Message:
		r.Eventf("binary %s", quoted(ev.Payload))
	case ev.Kind == CloseFrame:
		r.Eventf("Close %d %q", c.CloseCode(), ev.Payload)
	default:
		r.Eventf("%v %q", ev.Kind, ev.Payload)
	}
}

func quoted(p []byte) string {
	if len(p) > 64 {
		return fmt.Sprintf("%d bytes sha256:%.4x", len(p), sha256.Sum256(p))
	}
	return fmt.Sprintf("%q", p)
}

// frames reads a stream of frames and shows each.
func frames(b []byte) []string {
	var list []string
	for len(b) > 0 {
		h, n, err := ParseHeader(b)
		if err != nil || n == 0 || uint64(len(b)-n) < h.Length {
			return append(list, fmt.Sprintf("broken: %q", b))
		}
		p := b[n : n+int(h.Length)]
		b = b[n+int(h.Length):]
		if h.Masked {
			p = append([]byte(nil), p...)
			Mask(p, h.Key)
		}
		list = append(list, showFrame(h, p))
	}
	return list
}

func showFrame(h Header, p []byte) string {
	name := map[Opcode]string{Continuation: "continuation", Text: "text", Binary: "binary", Close: "Close", Ping: "Ping", Pong: "Pong"}[h.Opcode]
	var marks []string
	if h.RSV != 0 {
		marks = append(marks, fmt.Sprintf(" rsv %#x", h.RSV))
	}
	if !h.Fin {
		marks = append(marks, " ...")
	}
	if h.Opcode == Close {
		code, reason, err := ParseClose(p)
		if err != nil {
			return fmt.Sprintf("Close with a bad payload %q", p)
		}
		return fmt.Sprintf("Close %d %q", code, reason)
	}
	return name + strings.Join(marks, "") + " " + quoted(p)
}

// long is how a payload of n times s is shown.
func long(s string, n int) string { return quoted([]byte(strings.Repeat(s, n))) }
