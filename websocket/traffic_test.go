package websocket

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/web"
)

// reflector echoes messages; one of the text "close" closes the connection.
type reflector struct{ Handler }

func (m *reflector) OnMessage(msg []byte) {
	switch {
	case string(msg) == "close":
		m.Close(3001, "")
	case m.MessageType() == BinaryMessage:
		m.WriteBinary(msg)
	default:
		m.WriteMessage(msg)
	}
}

// partReflector echoes parts.
type partReflector struct{ reflector }

func (m *partReflector) OnMessagePart(part []byte, _, last bool) {
	m.WritePart(m.MessageType(), part, last)
}

// TestMetricsShowWebSockets: the page of web.Metrics has what they did.
func TestMetricsShowWebSockets(t *testing.T) {
	s := newSite(t, nil)
	metrics := web.NewMetrics()
	o := &Options{Compression: &Compression{Threshold: -1}}
	s.app = web.NewApplication([]web.Route{
		o.Route("^/ws$", func() MessageHandler { return new(reflector) }),
		o.Route("^/parts$", func() MessageHandler { return new(partReflector) }),
		web.Func("^/metrics$", metrics.Page),
	}, &web.Options{Loop: s.loop, NoAccessLog: true, Metrics: metrics})
	connect := func(path string, frames ...[]byte) {
		s.connect(handshake(path))
		s.do(func() { s.clients[len(s.clients)-1].line = func(string) {} })
		for _, f := range frames {
			s.send(f)
		}
	}
	connect("/ws", text("hello"), binary("xyz"), closing(1000, ""))
	connect("/ws", []byte{0xff, 0x80})
	connect("/ws", closing(4321, "mine"))
	connect("/ws", text("close"), closing(3001, ""))
	connect("/ws", text("\xff"))
	connect("/ws", closing(1001, ""), closing(1001, ""))
	connect("/parts", fragment(rfc6455.Text, "he"), frame(rfc6455.Continuation, "llo"))
	s.do(func() { s.clients[len(s.clients)-1].stream.Close() })
	connect("/ws", ping("not counted"), text("open"))
	var page string
	s.do(func() {
		c := s.dial()
		c.status = func(_, body string) { page = body }
		c.send([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
	})
	s.play()
	lines := strings.Split(page, "\n")
	for _, want := range []string{
		"turbo_websockets_open 1",
		"# TYPE turbo_websockets_opened_total counter",
		"turbo_websockets_opened_total 8",
		"turbo_websocket_received_messages_total 5",
		"turbo_websocket_received_bytes_total 22",
		"turbo_websocket_sent_messages_total 4",
		"turbo_websocket_sent_bytes_total 17",
		`turbo_websocket_closes_total{code="1000"} 1`,
		`turbo_websocket_closes_total{code="1001"} 1`,
		`turbo_websocket_closes_total{code="1002"} 1`,
		`turbo_websocket_closes_total{code="1006"} 1`,
		`turbo_websocket_closes_total{code="1007"} 1`,
		`turbo_websocket_closes_total{code="1009"} 0`,
		`turbo_websocket_closes_total{code="3xxx"} 1`,
		`turbo_websocket_closes_total{code="4xxx"} 1`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, page)
		}
	}
	if n := strings.Count(page, "# TYPE turbo_websocket_closes_total"); n != 1 {
		t.Errorf("the type of a counter is there %d times", n)
	}
}

// TestEveryCloseCodeIsCounted: each that may come has a place, under its name.
func TestEveryCloseCodeIsCounted(t *testing.T) {
	for code := CloseCode(1000); code < 5000; code++ {
		if !code.Sendable() && code != NoStatus && code != AbnormalClosure {
			continue
		}
		name := slotName(closeSlot(code))
		if name == "" || name[0] != '0'+byte(code/1000) || code < 2000 && name != strconv.Itoa(int(code)) {
			t.Errorf("%d is counted as %q", code, name)
		}
	}
}
