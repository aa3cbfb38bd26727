package web

// RedirectHandler returns what Handle needs to send the clients of a route to
// another URL, with 301 and whatever the method:
//
//	web.Handle("^/old$", web.RedirectHandler("/new"))
//
// It panics when the URL is empty or could not be sent.
func RedirectHandler(url string) func() Handler {
	var h Header
	if err := h.Add("Location", asciiURL(url)); err != nil || url == "" {
		panic("web: RedirectHandler: a URL that cannot be sent")
	}
	return func() Handler { return &redirectHandler{url: url} }
}

type redirectHandler struct {
	RequestHandler
	url string
}

// Prepare comes before the method is looked at.
func (r *redirectHandler) Prepare() error { return r.Redirect(r.url, true) }
