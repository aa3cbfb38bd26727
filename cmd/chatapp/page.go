package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/turbogo/turbo/web"
)

// Every response says that the page may use what this server sends and nothing
// else, and that no other page may frame it. The referrer stays at home, but
// the origin of a form must not become "null".
var securityFields = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

func harden(h *web.RequestHandler) {
	for name, value := range securityFields {
		must(h.SetHeader(name, value))
	}
}

// ErrorPage is an error in plain text, with the same fields.
func ErrorPage(h *web.RequestHandler, e *web.HTTPError) error {
	harden(h)
	must(h.SetHeader("Content-Type", "text/plain; charset=UTF-8"))
	text := e.Message
	if text == "" {
		text = http.StatusText(e.Code)
	}
	_, err := h.WriteString(text + "\n")
	return err
}

//go:embed assets
var assets embed.FS

// An asset is a file of the page.
type asset struct {
	body []byte
	kind string
	etag string
}

var files = loadAssets()

func loadAssets() map[string]asset {
	kinds := map[string]string{"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
	files := make(map[string]asset)
	list, err := assets.ReadDir("assets")
	must(err)
	for _, f := range list {
		body, err := assets.ReadFile("assets/" + f.Name())
		must(err)
		sum := sha256.Sum256(body)
		_, ext, _ := strings.Cut(f.Name(), ".")
		files[f.Name()] = asset{body, kinds[ext] + "; charset=UTF-8", `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return files
}

// send answers with a file. The browser keeps it and asks whether it is still
// the same.
func (b *common) send(name string) error {
	f, ok := files[name]
	if !ok {
		return &web.HTTPError{Code: http.StatusNotFound}
	}
	must(b.SetHeader("Content-Type", f.kind))
	must(b.SetHeader("Cache-Control", "no-cache"))
	must(b.SetHeader("Etag", f.etag))
	if strings.Contains(b.field("If-None-Match"), f.etag) {
		must(b.RemoveHeader("Content-Type"))
		return b.SetStatus(http.StatusNotModified)
	}
	_, err := b.Write(f.body)
	return err
}

// indexPage is the page; it finds out by itself who its reader is.
type indexPage struct{ common }

// Get sends the page.
func (p *indexPage) Get() error { return p.send("index.html") }

// assetFile is what the page is made of.
type assetFile struct{ common }

// Get sends a file.
func (a *assetFile) Get() error { return a.send(a.URLArg(0)) }
