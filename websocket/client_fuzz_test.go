package websocket

import (
	"bytes"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// FuzzClient has a server say anything, in two pieces. ACCEPT in it stands for
// the right answer to the key. Whatever comes, there is one last callback, and
// nothing is left behind.
func FuzzClient(f *testing.F) {
	const up = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n"
	for _, s := range []string{
		up + "\r\n", up + "\r\n\x81\x05hello\x88\x02\x03\xe8", up + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xc1\x02\x4b\x04\x88\x00",
		up + "Sec-WebSocket-Protocol: chat\r\n\r\n\x01\x01a\x89\x00\x80\x01b", up + "\r\n\x81\x80\x00\x00\x00\x00", up + "\r\n\x88\x01\x03",
		"HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhi", "garbage", "", "HTTP/1.1 100 x\r\n\r\n" + up + "\r\n",
	} {
		f.Add([]byte(s), uint16(len(s)/2), true)
		f.Add([]byte(s), uint16(3), false)
	}
	f.Fuzz(func(t *testing.T, answer []byte, cut uint16, leaves bool) {
		last, opened := 0, false
		r := newDialRig(t, func(h *host) {
			request := h.request()
			all := bytes.ReplaceAll(answer, []byte("ACCEPT"), []byte(rfc6455.Accept(field(request, "Sec-WebSocket-Key"))))
			h.up = true
			h.frame = func(rfc6455.Header, int, []byte) {}
			n := min(int(cut), len(all))
			for _, part := range [][]byte{all[:n], all[n:]} {
				if len(part) > 0 && !h.stream.Closed() {
					h.send(part)
					h.rig.sleep(time.Second)
				}
			}
			if leaves {
				h.stream.CloseAfterFlush()
			}
		})
		r.o.Subprotocols = []string{"chat"}
		r.o.Compression = &Compression{Threshold: -1}
		r.o.PingInterval, r.o.PingTimeout = time.Second, time.Second
		r.o.OnConnect = func(*Client) { opened = true }
		r.o.OnMessage = func(c *Client, msg []byte) {
			if last > 0 || !opened {
				t.Error("a message after the end, or before the beginning")
			}
			c.WriteMessage(msg)
		}
		r.o.OnError = func(*Client, *Error) {
			if !opened {
				last++
			}
		}
		r.o.OnClose = func(*Client) { last++ }
		r.dial("ws://host/ws")
		if last != 1 || opened != (r.opened == nil) {
			t.Errorf("%d last callbacks, opened %v, %v", last, opened, r.opened)
		}
	})
}
