package webtest_test

import (
	"fmt"
	"time"

	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/web/webtest"
	"github.com/turbogo/turbo/websocket"
)

func Example() {
	app := webtest.New([]web.Route{
		web.Func("^/item/(%d+)$", func(h *web.RequestHandler) error {
			// A handler that waits costs the test no time.
			if _, err := h.Loop().Sleep(time.Minute).Await(); err != nil {
				return err
			}
			_, err := h.WriteString("item " + h.URLArg(0))
			return err
		}),
	}, nil)
	defer app.Close()

	res := app.Get("/item/7", "Accept: text/plain")
	fmt.Println(res.StatusCode, res.Text(), res.Took)
	// Output: 200 item 7 1m0s
}

type shout struct{ websocket.Handler }

func (s *shout) OnMessage(msg []byte) {
	if err := s.WriteText(string(msg) + "!"); err != nil {
		panic(err)
	}
}

func ExampleApp_Dial() {
	app := webtest.New([]web.Route{
		websocket.Route("^/shout$", func() websocket.MessageHandler { return &shout{} }),
	}, nil)
	defer app.Close()

	socket, err := app.Dial("/shout")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := socket.Send("hello"); err != nil {
		fmt.Println(err)
		return
	}
	message, err := socket.Receive()
	fmt.Println(string(message.Data), err)
	fmt.Println(socket.Close(1000, ""))
	// Output:
	// hello! <nil>
	// <nil>
}
