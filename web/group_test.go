package web_test

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

//go:embed doc.go
var embedded embed.FS

// Several loops serve the same routes; the race detector sees that they share
// nothing that changes.
func TestGroup(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		dir := t.TempDir()
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(dir, "s")
		}
		if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(strings.Repeat("text ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		routes := []web.Route{
			web.Func("^/loop$", func(h *web.RequestHandler) error {
				_, err := fmt.Fprintf(h, "%p", h.Loop())
				return err
			}),
			web.Handle("^/item/(%d+)$", func() web.Handler { return &item{} }),
			web.Handle("^/fs/(.*)$", web.StaticFSHandler(embedded, nil)),
			web.Handle("^/static/(.*)$", web.StaticFileHandler(dir, &web.StaticOptions{Precompressed: true})),
			web.Handle("^/upload$", func() web.Handler { return &sink{} }),
		}
		group := web.NewGroup(3, func(l *ioloop.IOLoop) *web.Application {
			return web.NewApplication(routes, &web.Options{
				Loop: l, NoAccessLog: true, Logger: slog.New(slog.DiscardHandler),
				Compression: &web.Compression{}, CookieSecret: "secret",
			})
		})
		if len(group.Applications()) != 3 {
			t.Error("not three applications")
		}
		if err := group.Listen(network, address); err != nil {
			t.Fatal(err)
		}
		address = group.Addrs()[0].String()
		go func() {
			var clients sync.WaitGroup
			for range 8 {
				clients.Go(func() {
					for range 10 {
						for _, request := range []string{
							get("/loop", ""), get("/item/1?q=x", "Accept-Encoding: gzip\r\n"), get("/fs/doc.go", ""),
							get("/static/a.txt", "Accept-Encoding: gzip\r\n"),
							post("/upload", "Content-Type: multipart/form-data; boundary=B\r\n", "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--"),
						} {
							if status := tellOver(t, network, address, request); status != "200" {
								t.Errorf("%.20s: %s", request, status)
							}
						}
					}
				})
			}
			clients.Wait()
			group.Shutdown(context.Background())
		}()
		if err := group.Start(); err != nil {
			t.Error(err)
		}
	}
}

func TestGroupsShareNoApplication(t *testing.T) {
	for name, build := range map[string]func(*ioloop.IOLoop) *web.Application{
		"none": func(*ioloop.IOLoop) *web.Application { return nil },
		"another loop": func(*ioloop.IOLoop) *web.Application {
			return web.NewApplication(nil, &web.Options{Loop: ioloop.New(nil)})
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			web.NewGroup(2, build)
		}()
	}
}
