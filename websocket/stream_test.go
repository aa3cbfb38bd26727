package websocket

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// mirror sends messages back while they come.
type mirror struct{ Handler }

func (m *mirror) OnMessage([]byte) {}

func (m *mirror) OnMessagePart(part []byte, _, last bool) {
	if m.Drain() == nil {
		m.WritePart(m.MessageType(), part, last)
	}
}

// TestLongMessagesThereAndBack, in parts at both ends and in both directions at
// the same time, with and without compression.
func TestLongMessagesThereAndBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	text := bytes.Repeat([]byte("Wände haben Ohren. "), 1<<16)
	for _, compression := range []*Compression{nil, {}, {Takeover: true}} {
		for _, msg := range []struct {
			t MessageType
			p []byte
		}{{BinaryMessage, noise}, {TextMessage, text}, {BinaryMessage, nil}} {
			t.Run(fmt.Sprintf("%v, %d bytes", compression != nil, len(msg.p)), func(t *testing.T) {
				loop := ioloop.New(nil)
				o := &Options{Compression: compression, MaxQueuedBytes: 100000}
				app := web.NewApplication([]web.Route{
					o.Route("^/$", func() MessageHandler { return new(mirror) }),
				}, &web.Options{Loop: loop, NoAccessLog: true})
				if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
					t.Fatal(err)
				}
				sum, size, parts := crc32.NewIEEE(), 0, 0
				Dial("ws://"+app.Server().Addrs()[0].String()+"/", &ClientOptions{
					Loop: loop, Compression: compression, MaxQueuedBytes: 100000,
					OnConnect: func(c *Client) {
						loop.AddCallback(func() { // so that reading does not wait for it
							w := c.MessageWriter(msg.t)
							if _, err := io.Copy(w, bytes.NewReader(msg.p)); err != nil {
								t.Error(err)
							}
							if err := w.Close(); err != nil {
								t.Error(err)
							}
						})
					},
					OnMessagePart: func(c *Client, part []byte, first, last bool) {
						if first != (parts == 0) || c.MessageType() != msg.t {
							t.Errorf("part %d: first %v, type %v", parts, first, c.MessageType())
						}
						sum.Write(part)
						size += len(part)
						if parts++; last {
							c.Close(0, "")
						}
					},
					OnError: func(_ *Client, err *Error) { t.Error(err) },
					OnClose: func(*Client) {
						app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
					},
				})
				if err := loop.Start(); err != nil {
					t.Fatal(err)
				}
				if size != len(msg.p) || sum.Sum32() != crc32.ChecksumIEEE(msg.p) {
					t.Errorf("%d bytes came back of %d, or others", size, len(msg.p))
				}
			})
		}
	}
}
