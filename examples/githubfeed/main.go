// Githubfeed shows what a GitHub user has done lately. The handler asks another
// server and waits for its answer; meanwhile others are served. Without -feed the
// answer comes from a server of its own, with two events that never happened.
//
//	go run ./examples/githubfeed
//	curl http://127.0.0.1:8888/user/ada
//	go run ./examples/githubfeed -feed https://api.github.com/users/%s/events
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net/http"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// An Event is what is shown of one.
type Event struct {
	Type      string `json:"type"`
	CreatedAt string `json:"created_at"`
	Repo      struct {
		Name string `json:"name"`
	} `json:"repo"`
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<title>{{.Name}}</title>
<h1>{{.Name}}</h1>
<ul>
{{range .Events}}<li>{{.CreatedAt}} {{.Type}} {{.Repo.Name}}
{{end}}</ul>
`))

// Feed answers /user/NAME.
type Feed struct {
	web.RequestHandler
	client *httpclient.Client
	url    string // with %s for the name
}

var _ web.GetHandler = (*Feed)(nil)

// Get asks for the events and shows them.
func (f *Feed) Get() error {
	name := f.URLArg(0)
	r, err := f.client.Fetch(fmt.Sprintf(f.url, name), nil).Await()
	if err != nil {
		return &web.HTTPError{Code: http.StatusBadGateway, Message: err.Error()}
	}
	if r.Code != http.StatusOK {
		return &web.HTTPError{Code: http.StatusBadGateway, Message: "The other server says " + r.Reason + "."}
	}
	var events []Event
	if err := json.Unmarshal(r.Body, &events); err != nil {
		return &web.HTTPError{Code: http.StatusBadGateway, Message: err.Error()}
	}
	return page.Execute(f, map[string]any{"Name": name, "Events": events})
}

// sample answers /sample/NAME, as the other server would.
func sample(h *web.RequestHandler) error {
	var push, star Event
	push.Type, push.CreatedAt, push.Repo.Name = "PushEvent", "1843-07-10T09:00:00Z", h.URLArg(0)+"/note-g"
	star.Type, star.CreatedAt, star.Repo.Name = "WatchEvent", "1842-10-01T12:00:00Z", "babbage/engine"
	return h.WriteJSON([]Event{push, star})
}

func main() {
	feed := flag.String("feed", "", "the `URL` of a feed, with %s for the name")
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	client := httpclient.New(ioloop.Instance(), nil)
	app := web.NewApplication([]web.Route{
		web.Handle("^/user/([%w-]+)$", func() web.Handler { return &Feed{client: client, url: *feed} }),
		web.Func("^/sample/([%w-]+)$", sample),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	if *feed == "" {
		*feed = fmt.Sprintf("http://%s/sample/%%s", app.Server().Addrs()[0])
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
