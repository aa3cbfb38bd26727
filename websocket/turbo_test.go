package websocket

// The recordings of the area websocket_server but the handshake's.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/web"
)

func TestTurboMessages(t *testing.T) {
	r := looptest.Replay(t, "ws_messages")
	r.Differs(typed, "  write_message(5) -> websocket.lua: attempt to index local 'data' (a number value)")
	r.Differs(typed, "  write_message(nil) -> websocket.lua: attempt to index local 'data' (a nil value)")
	r.Differs("text and binary are told apart", `echo: FIN TEXT len=3 lenform=7bit "\x00\x01\xff"`, `echo: FIN BIN len=3 lenform=7bit "\x00\x01\xff"`)
	r.Differs(utf8Only, `  on_message 1 arg(s): "bad\xffutf"`)
	r.Differs(utf8Only, `echo: FIN TEXT len=7 lenform=7bit "bad\xffutf"`, `echo: FIN CLOSE 1007 "text is not valid UTF-8"`)
	s := newStage(t, r, standing)
	echo := func(a *actor) {
		a.message = func(msg []byte) {
			if len(msg) > 200 {
				r.Log("  on_message 1 arg(s): string(len=%d)", len(msg))
			} else {
				r.Log("  on_message 1 arg(s): %q", msg)
			}
			if a.MessageType() == TextMessage {
				s.must(a.WriteMessage(msg))
			} else {
				s.must(a.WriteBinary(msg))
			}
		}
	}
	s.open(func(a *actor) {
		echo(a)
		a.open = func() {
			s.must(a.WriteText("text"))
			s.must(a.WriteBinary([]byte("bin")))
			s.must(a.WriteJSON(map[string]int{"a": 1}))
			s.must(a.WriteBinary([]byte("[1,2]")))
			s.must(a.WriteText(""))
		}
	}).show("open wrote: ")
	for _, msg := range [][]byte{
		text("abc"), binary("\x00\x01\xff"), text(""), text(many("a", 125)), text(many("a", 126)),
		text(many("a", 65535)), text(many("a", 65536)), text("bad\xffutf"),
	} {
		s.say(msg).show("echo: ")
	}
	s.open(echo).say(text("abc")).show("echo: ").tcp("tcp %s").check()
}

func TestTurboPingPong(t *testing.T) {
	r := looptest.Replay(t, "ws_ping_pong")
	r.Differs("D21: frames do not wait for each other (TCP_NODELAY)", "  client got: <no bytes>")
	const empty = `D58: no data is ""`
	r.Differs(empty, "  ping(nil) -> websocket.lua: attempt to index local 'data' (a nil value)", `  client got: FIN PING len=0 lenform=7bit ""`)
	r.Differs(empty, "  pong(nil) -> websocket.lua: attempt to index local 'data' (a nil value)", `  client got: FIN PONG len=0 lenform=7bit ""`)
	r.Differs(strict, "  client got: FIN PING len=126 lenform=16bit")
	r.Differs(strict, "  client got: FIN PONG len=126 lenform=16bit", `  client got: FIN CLOSE 1002 "control frame is longer than 125 bytes"`)
	s := newStage(t, r, standing)
	var a *actor
	set := func(next *actor) { a = next }
	hear := func(line string) func([]byte) { return func(p []byte) { r.Log(line, p) } }
	send := func(data string, line string) *stage {
		return s.step(func() { s.must(a.Ping([]byte(data), hear(line))) })
	}
	s.open(set).log("1").say(ping("x")).show("  client got: ")
	s.log("2")
	send("data", `  cb 1 arg(s): %q`).say(pong("data")).show("  client got: ")
	send("data2", `  cbA 2 arg(s): "A", %q`).say(pong("data2")).log("3").show("  client got: ")
	send("p1", `  cb1 1 arg(s): %q`)
	send("p2", `  cb2 1 arg(s): %q`).say(pong("p1"), pong("p2"))
	s.log("4").say(pong("unsolicited")).log("5").show("  client got: ")
	send("want", `  cb5 1 arg(s): %q`).show("  client got: ").say(pong("other"))
	s.log("6")
	s.step(func() {
		s.must(a.Ping(nil, nil))
		s.must(a.Pong(nil))
		s.must(a.Ping([]byte(""), nil))
		s.must(a.Pong([]byte("srv")))
	})
	s.show("  client got: ").log("7").step(func() {
		if err := a.Ping(make([]byte, 126), nil); !errors.Is(err, ErrControlTooLong) {
			t.Errorf("Ping of 126 bytes: %v", err)
		}
	})
	s.say(ping(many("y", 126))).show("  client got: ")
	s.log("8").open(func(next *actor) {
		a = next
		a.close = func() { r.Log("  on_close(0 arg(s): -)") }
	})
	s.step(func() { s.must(a.Close(NoStatus, "")) })
	s.say(ping("late")).answer().show("  client got: ").tcp("  tcp %s").check()
}

func TestTurboProtocolErrors(t *testing.T) {
	r := looptest.Replay(t, "ws_protocol_errors")
	type wrong struct {
		name  string
		bytes []byte
	}
	unmasked := rfc6455.AppendFrame(nil, rfc6455.Header{Fin: true, Opcode: rfc6455.Text}, []byte("u"))
	reserved := func(bit byte, s string) []byte {
		f := text(s)
		f[0] |= bit
		return f
	}
	cases := []wrong{
		{"unmasked text", unmasked},
		{"opcode 3", frame(3, "x")},
		{"opcode 11", frame(11, "x")},
		{"RSV1", reserved(0x40, "r1")},
		{"RSV2", reserved(0x20, "r2")},
		{"RSV3", reserved(0x10, "r3")},
		{"fragmented ping", fragment(rfc6455.Ping, "x")},
		{"close with fin=0", fragment(rfc6455.Close, "")},
		{"continuation without start", frame(rfc6455.Continuation, "x")},
		{"continuation without start, fin=0", fragment(rfc6455.Continuation, "x")},
		{"text while fragmented", append(fragment(rfc6455.Text, "a"), text("b")...)},
		{"binary while fragmented", append(fragment(rfc6455.Text, "a"), binary("b")...)},
		{"close with length 126", frame(rfc6455.Close, "\x03\xe8"+many("x", 124))},
		{"ping 126", ping(many("x", 126))},
		{"64-bit length with top bit", []byte("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x01abcd")},
		{"invalid utf8 text", text("\xff\xfe")},
		{"reserved opcode, fin=0", fragment(3, "x")},
	}
	const (
		fault   = `  on_error(1 arg(s): "WebSocket protocol error: `
		bare    = `  client got: FIN CLOSE len=0 lenform=7bit ""`
		pending = "  client got: <no bytes>"
	)
	heard := func(reason string) string { return fault + reason + `") closed()=true` }
	sent := func(code, reason string) string { return `  client got: FIN CLOSE ` + code + ` "` + reason + `"` }
	// Where Turbo noticed it used other words, and its close frame had none.
	for _, words := range [][2]string{
		{"received an unmasked frame from a client.", "received an unmasked frame from a client"},
		{"invalid opcode 3", "reserved opcode"},
		{"invalid opcode 11", "reserved opcode"},
		{"previous CONTINUE opcode not finished.", "control frame is fragmented"},
		{"CLOSE opcode was fragmented.", "control frame is fragmented"},
		{"CONTINUE opcode, but theres nothing to continue.", "continuation frame, but there is nothing to continue"},
		{"CONTINUE opcode, but theres nothing to continue.", "continuation frame, but there is nothing to continue"},
		{"previous CONTINUE opcode not finished.", "new message, but the previous one is not finished"},
		{"previous CONTINUE opcode not finished.", "new message, but the previous one is not finished"},
		{"Received CLOSE opcode with greater than 126 payload.", "control frame is longer than 125 bytes"},
		{"previous CONTINUE opcode not finished.", "reserved opcode"},
	} {
		r.Differs(ourTexts, heard(words[0]), heard(words[1]))
		r.Differs(told, bare, sent("1002", words[1]))
	}
	// Where it did not, the message was delivered and the connection stayed open
	// until the client left: what ours has before that stands before the name
	// of the next case.
	const bits = "reserved bit is set without an extension that uses it"
	for i, next := range []string{"RSV2", "RSV3", "fragmented ping"} {
		r.Differs(strict, `  on_message("r`+string(rune('1'+i))+`")`, heard(bits))
		r.Differs(strict, `  on_message("after")`)
		r.Differs(strict, pending)
		r.Differs(strict, "  tcp open")
		r.Differs(strict, next, sent("1002", bits), "  tcp eof", next)
	}
	const long, sign, invalid = "control frame is longer than 125 bytes", "payload length has its top bit set", "text is not valid UTF-8"
	r.Differs(strict, `  on_message("after")`, heard(long))
	r.Differs(strict, "  client got: FIN PONG len=126 lenform=16bit")
	r.Differs(strict, "  tcp open")
	r.Differs(strict, "64-bit length with top bit", sent("1002", long), "  tcp eof", "64-bit length with top bit", heard(sign))
	r.Differs(strict, pending)
	r.Differs(strict, "  tcp open")
	r.Differs(utf8Only, `  on_message("\xff\xfe")`, heard(invalid))
	r.Differs(utf8Only, `  on_message("after")`)
	r.Differs(utf8Only, pending)
	r.Differs(utf8Only, "  tcp open")
	r.Differs(strict, "invalid utf8 text", sent("1002", sign), "  tcp eof", "invalid utf8 text")
	r.Differs(utf8Only, "reserved opcode, fin=0", sent("1007", invalid), "  tcp eof", "reserved opcode, fin=0")
	s := newStage(t, r, standing)
	for _, tc := range cases {
		s.log("%s", tc.name).open(func(a *actor) {
			a.message = func(msg []byte) { r.Log("  on_message(%q)", msg) }
			a.error = func(err error) { r.Log("  on_error(1 arg(s): %q) closed()=%v", err.Error(), a.Closed()) }
			a.close = func() { r.Log("  on_close(0 arg(s): -)") }
		})
		s.say(tc.bytes, text("after")).show("  client got: ").tcp("  tcp %s")
	}
	s.check()
}

func TestTurboCloseByClient(t *testing.T) {
	r := looptest.Replay(t, "ws_close_by_client")
	const bare = `  client got: FIN CLOSE len=0 lenform=7bit ""`
	failed := func(name, code, reason string) (string, string) {
		return `  on_error(1 arg(s): "WebSocket protocol error: ` + reason + `") closed()=true`,
			`  client got: FIN CLOSE ` + code + ` "` + reason + `"`
	}
	r.Differs(echoed, bare, `  client got: FIN CLOSE 1000 "bye"`)
	r.Differs(echoed, bare, "kept") // the answer to an empty one is empty
	for _, bad := range [][3]string{
		{"1 byte", "1002", "close frame with a payload of one byte"},
		{"1005", "1002", "close code may not be sent"},
		{"5000", "1002", "close code may not be sent"},
		{"bad utf8 reason", "1007", "close reason is not valid UTF-8"},
	} {
		onError, frame := failed(bad[0], bad[1], bad[2])
		r.Differs(validated, bad[0], bad[0], onError)
		r.Differs(validated, bare, frame)
	}
	r.Differs(echoed, bare, `  client got: FIN CLOSE 1000 ""`)
	r.Differs(echoed, bare, `  client got: FIN CLOSE 1000 ""`)
	r.Differs(echoed, "kept", bare)
	s := newStage(t, r, standing)
	for _, tc := range []struct {
		name string
		send []byte
	}{
		{"1000 bye", closing(1000, "bye")},
		{"empty", frame(rfc6455.Close, "")},
		{"1 byte", frame(rfc6455.Close, "x")},
		{"1005", frame(rfc6455.Close, "\x03\xed")},
		{"5000", frame(rfc6455.Close, "\x13\x88")},
		{"bad utf8 reason", frame(rfc6455.Close, "\x03\xe8\xff")},
		{"text, close, text", slices.Concat(text("before"), closing(1000, ""), text("after"))},
		{"ping, close", slices.Concat(ping("p"), closing(1000, ""))},
	} {
		s.log("%s", tc.name).open(func(a *actor) {
			a.message = func(msg []byte) { r.Log("  on_message(1 arg(s): %q)", msg) }
			a.error = func(err error) { r.Log("  on_error(1 arg(s): %q) closed()=%v", err.Error(), a.Closed()) }
			a.close = func() { r.Log("  on_close(0 arg(s): -) closed()=%v", a.Closed()) }
		})
		s.say(tc.send).show("  client got: ").tcp("  tcp %s")
	}
	s.check()
}

// lua shows a boolean as the recordings do.
func lua(b bool) string {
	if b {
		return "true"
	}
	return "nil"
}

// result shows what a call returned.
func result(err error) string {
	if err == nil {
		return "ok=true"
	}
	return err.Error()
}

func TestTurboCloseByServer(t *testing.T) {
	r := looptest.Replay(t, "ws_close_by_server")
	const (
		bare     = `  client got: FIN CLOSE len=0 lenform=7bit ""`
		raised   = "websocket.lua: WebSocket connection has been closed. Can not write message."
		noFrames = "D53: no frame follows a close frame"
	)
	r.Differs(ourTexts, "  write_message -> "+raised, "  write_message -> "+ErrClosed.Error())
	r.Differs(ourTexts, "  write_message -> "+raised, "  write_message -> "+ErrClosed.Error())
	r.Differs(ourTexts, "  write_message in on_close -> "+raised, "  write_message in on_close -> "+ErrClosed.Error())
	for range 2 {
		r.Differs(noFrames, "  ping -> ok=true", "  ping -> "+ErrClosed.Error())
		r.Differs(noFrames, `  client got: FIN PING len=2 lenform=7bit "pp"`)
	}
	r.Differs(noFrames, bare, "kept")
	r.Differs(noFrames, bare) // the second one of the case "close twice"
	r.Differs(noFrames, bare, "kept")
	r.Differs(noFrames, bare, "kept")
	r.Differs("D50: a close frame has the code and reason that are given", bare, `  client got: FIN CLOSE 1001 "x"`)
	for range 3 {
		r.Differs(noFrames, "kept", bare)
	}
	s := newStage(t, r, standing)
	set := func(a *actor) {
		a.close = func() {
			r.Log("  on_close(0 arg(s): -) closed()=%s stream closed=%v", lua(a.Closed()), a.conn.stream.Closed())
		}
	}
	closeAfterLast := func(a *actor, twice bool) {
		a.message = func(msg []byte) {
			r.Log("  on_message %q closed()=%s", msg, lua(a.Closed()))
			if string(msg) != "go" {
				return
			}
			s.must(a.WriteText("last"))
			s.must(a.Close(NoStatus, ""))
			r.Log("  closed()=%s", lua(a.Closed()))
			r.Log("  write_message -> %s", result(a.WriteText("too late")))
			r.Log("  ping -> %s", result(a.Ping([]byte("pp"), nil)))
			if twice {
				r.Log("  close again -> %s", result(a.Close(NoStatus, "")))
			}
		}
	}
	s.log("close in on_message").open(func(a *actor) { set(a); closeAfterLast(a, false) })
	s.say(text("a"), text("go"), text("dropped")).show("  client got: ").tcp("  tcp %s").leave()
	s.log("close twice").open(func(a *actor) { set(a); closeAfterLast(a, true) })
	s.say(text("go"), text("dropped")).answer().show("  client got: ").tcp("  tcp %s")
	s.log("close in open").open(func(a *actor) {
		set(a)
		a.open = func() {
			r.Log("  open: close()")
			s.must(a.Close(NoStatus, ""))
		}
	}).answer().show("  client got: ").tcp("  tcp %s")
	s.log("close(1001, 'x')").open(func(a *actor) {
		set(a)
		a.message = func(msg []byte) {
			r.Log("  on_message %q closed()=%s", msg, lua(a.Closed()))
			s.must(a.Close(1001, "x"))
		}
	}).say(text("a")).answer().show("  client got: ").tcp("  tcp %s")
	s.log("close in on_close").open(func(a *actor) {
		set(a)
		logClose := a.close
		a.close = func() {
			logClose()
			r.Log("  close in on_close -> %s", result(a.Close(NoStatus, "")))
			r.Log("  write_message in on_close -> %s", result(a.WriteText("x")))
		}
	}).say(frame(rfc6455.Close, "")).show("  client got: ").tcp("  tcp %s")
	s.check()
}

func TestTurboAbruptDisconnect(t *testing.T) {
	r := looptest.Replay(t, "ws_abrupt_disconnect")
	const (
		last    = "D54: the message, then on_close"
		knows   = "D55: a closed connection says so"
		onClose = "  on_close(0 arg(s): -) closed()="
		state   = "  closed()=nil stream closed=true"
		closed  = "  closed()=true stream closed=true"
	)
	for _, withMessage := range []bool{true, false, false, true} {
		if withMessage {
			r.Differs(last, onClose+"nil")
			r.Differs(last, state, onClose+"true", closed)
		} else {
			r.Differs(knows, onClose+"nil", onClose+"true")
			r.Differs(knows, state, closed)
		}
		r.Differs(knows, "  write_message -> ok=true", "  write_message -> "+ErrClosed.Error())
		r.Differs(knows, "  ping -> ok=true", "  ping -> "+ErrClosed.Error())
	}
	s := newStage(t, r, standing)
	var a *actor
	for _, tc := range []struct {
		name  string
		send  []byte
		leave func()
	}{
		{"message then close", text("m"), func() { s.client.stream.CloseAfterFlush() }},
		{"half a frame then close", text("half")[:5], func() { s.client.stream.CloseAfterFlush() }},
		{"reset", nil, func() { s.client.stream.Close() }},
		{"half close", text("m"), func() { s.must(s.client.stream.CloseWrite()) }},
	} {
		s.log("%s", tc.name).open(func(next *actor) {
			a = next
			a.message = func(msg []byte) { r.Log("  on_message(1 arg(s): %q)", msg) }
			a.close = func() { r.Log("  on_close(0 arg(s): -) closed()=%s", lua(next.Closed())) }
		})
		s.step(func() {
			s.client.send(tc.send)
			tc.leave()
		})
		s.step(func() {
			r.Log("  closed()=%s stream closed=%v", lua(a.Closed()), a.conn.stream.Closed())
			r.Log("  write_message -> %s", result(a.WriteText("x")))
			r.Log("  ping -> %s", result(a.Ping([]byte("x"), nil)))
			r.Log("  close -> %s; closed()=%s", result(a.Close(NoStatus, "")), lua(a.Closed()))
		})
	}
	s.tcp(`  tcp at client ""%s`).check()
}

func TestTurboBigMessageLimits(t *testing.T) {
	r := looptest.Replay(t, "ws_big_message_limits")
	const (
		announced = "D57: told with 1009, as soon as it is announced"
		onError   = `  on_error(1 arg(s): "WebSocket protocol error: message is too big")`
		frame1009 = `  client got: FIN CLOSE 1009 "message is too big"`
	)
	for range 3 {
		r.Differs("the default limit is lower", "  open, limit 67108864", "  open, limit 16777216")
	}
	r.Differs(announced, "  client got: <no bytes>", onError, "  on_close", frame1009)
	r.Differs(ourTexts, `  on_error(1 arg(s): "WebSocket protocol error: fragmented message exceeds max buffer size.")`, onError)
	r.Differs(announced, `  client got: FIN CLOSE len=0 lenform=7bit ""`, frame1009)
	s := newStage(t, r, &Options{MaxMessageBytes: 20000, PingInterval: -1})
	open := func(name string) *stage {
		return s.log("%s", name).open(func(a *actor) {
			a.open = func() { r.Log("  open, limit %d", DefaultMaxMessageBytes) }
			a.message = func(msg []byte) { r.Log("  on_message len %d", len(msg)) }
			a.error = func(err error) { r.Log("  on_error(1 arg(s): %q)", err.Error()) }
			a.close = func() {
				if !strings.HasSuffix(name, "15000") {
					r.Log("  on_close")
				}
			}
		})
	}
	tcp := func() {
		s.step(func() {
			r.Log("  tcp %s", map[bool]string{true: "closed", false: "open"}[s.client.ended])
		})
	}
	open("one frame of 30000").say(text(many("x", 30000))).show("  client got: ")
	tcp()
	open("6 fragments of 10000").say(fragment(rfc6455.Text, many("x", 10000)))
	for range 4 {
		s.say(fragment(rfc6455.Continuation, many("x", 10000)))
	}
	s.say(frame(rfc6455.Continuation, many("x", 10000))).show("  client got: ")
	tcp()
	open("one frame of 15000").say(text(many("x", 15000)))
	tcp()
	s.check()
}

func TestTurboCallbackErrors(t *testing.T) {
	r := looptest.Replay(t, "ws_callback_errors")
	const openRaises = "D56: closed with 1011, then on_close"
	for _, status := range []string{"500 Internal Server Error", "403 Forbidden"} {
		r.Differs(openRaises, `  client got HTTP text inside the websocket: "HTTP/1.1 `+status+`"`,
			"  on_close", `  client got: FIN CLOSE 1011 ""`)
	}
	s := newStage(t, r, standing)
	set := func(a *actor) {
		a.open = func() { r.Log("  open") }
		a.message = func(msg []byte) { r.Log("  on_message(%q)", msg) }
		a.close = func() { r.Log("  on_close") }
		a.error = func(error) { r.Log("  on_error") }
	}
	// then has an event panic after it was logged.
	then := func(event *func(), v any) {
		log := *event
		*event = func() {
			log()
			panic(v)
		}
	}
	end := func() { s.show("  client got: ").tcp("  tcp %s") }
	refused := &web.HTTPError{Code: 403}

	s.log("open raises").open(func(a *actor) { set(a); then(&a.open, "in open") }).answer()
	end()
	s.log("open raises HTTPError").open(func(a *actor) { set(a); then(&a.open, refused) }).answer()
	end()
	for _, tc := range []struct {
		name string
		v    any
	}{{"on_message raises", "in msg"}, {"on_message raises HTTPError", refused}} {
		s.log("%s", tc.name).open(func(a *actor) {
			set(a)
			log := a.message
			a.message = func(msg []byte) {
				log(msg)
				panic(tc.v)
			}
		}).say(text("1"), text("2"))
		end()
	}
	s.log("on_close raises").open(func(a *actor) { set(a); then(&a.close, "in close") }).say(frame(rfc6455.Close, ""))
	end()
	s.log("on_error raises").open(func(a *actor) {
		set(a)
		log := a.error
		a.error = func(err error) {
			log(err)
			panic("in error")
		}
	}).say(frame(3, "x"))
	end()
	s.log("ping callback raises").open(func(a *actor) {
		set(a)
		a.open = func() {
			r.Log("  open")
			s.must(a.Ping([]byte("x"), func([]byte) {
				r.Log("  ping cb")
				panic("in ping")
			}))
		}
	}).say(pong("x"))
	end()
	s.log("still serving").open(set).say(text("1")).say(text("2"))
	end()
	s.leave().check()
}

func TestTurboYieldInOnMessage(t *testing.T) {
	r := looptest.Replay(t, "ws_yield_in_on_message")
	const later = "nothing is read while a handler is suspended (back-pressure), so the end is noticed behind it"
	r.Differs(later, "  write ok=true", "kept")
	r.Differs(later, "  on_close")
	r.Differs(later, "  write ok=true", "  write ok=true", "  on_close")
	r.Differs(later, "kept", "  write ok=true")
	s := newStage(t, r, standing)
	slow := func(a *actor) {
		a.message = func(msg []byte) {
			r.Log("  on_message %s", msg)
			if string(msg) != "slow" {
				return
			}
			if _, err := s.loop.Sleep(25 * time.Millisecond).Await(); err != nil {
				t.Error(err)
			}
			r.Log("  slow resumed")
			r.Log("  write %s", result(a.WriteText("slow done")))
		}
	}
	s.open(func(a *actor) {
		a.message = func(msg []byte) { r.Log("  on_message %s", msg) }
	})
	var other *client
	s.step(func() { other = s.client })
	s.log("same connection").open(slow).say(text("slow"), text("fast"), ping("p"))
	s.step(func() { other.send(text("other connection")) })
	s.step(func() {
		if len(s.got) == 0 {
			r.Log("  frames so far: none")
		}
	})
	s.wait(50 * time.Millisecond)
	s.show("  client got: ")
	s.log("disconnect while suspended").open(func(a *actor) {
		slow(a)
		a.close = func() { r.Log("  on_close") }
	}).say(text("slow")).leave()
	s.wait(50 * time.Millisecond)
	s.step(func() {}).check()
}

// TestTurboInterop: the standard client of the recording was the websockets
// library of Python; here it is this project's own core in the client's role.
func TestTurboInterop(t *testing.T) {
	r := looptest.Replay(t, "ws_interop_python")
	const (
		sent   = "D50: close frames have a code and a reason"
		theirs = "the client's half of the recording"
	)
	r.Differs(sent, "python client: client-close close code 1005 ''", "python client: client-close close code 1000 'r'")
	r.Differs(sent, "python client: server-close close code 1005 ''", "python client: server-close close code 1000 ''")
	for range 3 {
		r.Differs(theirs, "turbo on_close", "kept")
	}
	for _, line := range []string{
		"turbo on_connect", "turbo on_message py a", "turbo on_close", "python server: server saw close code 1005 ''", "python server: done",
	} {
		r.Differs(theirs, line)
	}
	for range 3 {
		r.Differs(theirs, "kept", "turbo on_close")
	}
	s := newStage(t, r, standing)
	var told []string
	for _, name := range []string{"client-close", "server-close", "handler-error"} {
		c := new(standardClient)
		s.open(func(a *actor) {
			a.message = func(msg []byte) {
				switch string(msg) {
				case "bye":
					s.must(a.Close(0, ""))
				case "boom":
					panic("boom")
				default:
					s.must(a.WriteMessage(msg))
				}
			}
			a.close = func() { r.Log("turbo on_close") }
		})
		s.step(func() { c.take(s) })
		switch name {
		case "client-close":
			s.step(func() {
				c.send(c.core.AppendMessage(nil, rfc6455.Text, []byte("hi")))
				c.send(c.core.AppendPing(nil, []byte("?")))
			})
			s.step(func() {
				told = append(told, "client-close echo "+strings.Join(c.heard, " "))
				c.send(c.core.AppendClose(nil, 1000, "r"))
			})
		case "server-close":
			s.step(func() { c.send(c.core.AppendMessage(nil, rfc6455.Text, []byte("bye"))) })
		case "handler-error":
			s.step(func() { c.send(c.core.AppendMessage(nil, rfc6455.Text, []byte("boom"))) })
		}
		s.step(func() {
			told = append(told, fmt.Sprintf("%s close code %d '%s'", name, c.core.CloseCode(), c.reason))
		})
	}
	s.step(func() {
		for _, line := range append(told, "done") {
			r.Log("python client: %s", line)
		}
	}).check()
}

// standardClient is a client that keeps the protocol.
type standardClient struct {
	s      *stage
	core   rfc6455.Conn
	heard  []string
	reason string
}

// take takes over from the stage's client, which has done the handshake.
func (c *standardClient) take(s *stage) {
	c.s = s
	c.core.Init(&rfc6455.Config{Role: rfc6455.Client, MaskKey: func() [4]byte { return [4]byte{9, 8, 7, 6} }})
	s.must(s.client.stream.ReadChunk(nil))
	s.must(s.client.stream.ReadChunk(c))
}

func (c *standardClient) send(frame []byte, err error) {
	c.s.must(err)
	c.s.must(c.s.client.stream.Write(frame, nil))
}

func (c *standardClient) HandleChunk(p []byte) {
	c.core.Receive(p)
	for {
		ev, err := c.core.Next()
		c.s.must(err)
		if c.core.HasOutput() {
			c.send(c.core.AppendOutput(nil), nil)
		}
		switch ev.Kind {
		case rfc6455.NeedData:
			c.s.must(c.s.client.stream.ReadChunk(c))
			return
		case rfc6455.Message:
			c.heard = append(c.heard, string(ev.Payload))
		case rfc6455.PongFrame:
			c.heard = append(c.heard, "ping ok")
		case rfc6455.CloseFrame:
			c.reason = string(ev.Payload)
		}
	}
}

func (c *standardClient) HandleClose(error) {}
