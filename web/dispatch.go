package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/luapattern"
)

// serve answers a request.
func (x *exchange) serve() {
	if err := x.guard((*exchange).answer); err != nil {
		x.fail(err)
	}
	x.settle()
}

// answer finds the route and calls what it leads to.
func (x *exchange) answer() error {
	r, err := x.route()
	switch {
	case err != nil:
		return err
	case r == nil:
		return x.unmatched()
	}
	if r.check != nil && !x.hasPassed() {
		if ok, err := x.passes(r); !ok {
			return err
		}
	}
	switch {
	case r.fn != nil:
		return x.call(r)
	}
	return x.enter(r.newHandler())
}

// route finds the route of the request, nil when there is none.
func (x *exchange) route() (*Route, error) {
	path := x.req.Path()
	for i := range x.app.routes {
		r := &x.app.routes[i]
		ok, err := r.match(path, &x.captures)
		switch {
		case ok:
			return r, nil
		case errors.Is(err, luapattern.ErrBudget):
			// Going on with the next route could end in one that was not meant.
			return nil, &HTTPError{Code: http.StatusBadRequest}
		}
	}
	x.captures.route = nil
	return nil, nil
}

// unmatched answers a path that no route takes.
func (x *exchange) unmatched() error {
	o := &x.app.options
	switch {
	case x.req.Method() == http.MethodOptions && string(x.req.Path()) == "*":
		// RFC 9110, 9.3.7: about the server as a whole.
		return x.answerOptions(strings.Join(supportedMethods, ", "))
	case x.req.Method() == http.MethodConnect:
		// RFC 9110, 9.3.6: it names a host to connect to, and nothing here.
		return &HTTPError{Code: http.StatusNotImplemented}
	case o.NotFound != nil:
		x.status = http.StatusNotFound
		return x.enter(o.NotFound())
	case o.DefaultHost != "":
		if err := x.begin(nil); err != nil {
			return err
		}
		url := o.DefaultHost
		if !strings.Contains(url, "://") {
			url = "http://" + url + "/"
		}
		return x.redirect(url, http.StatusMovedPermanently)
	}
	return &HTTPError{Code: http.StatusNotFound}
}

// begin binds the handler and starts its header.
func (x *exchange) begin(h Handler) error {
	if err := x.bind(h); err != nil {
		return err
	}
	x.defaultHeader()
	return nil
}

// defaultHeader is the header before anybody adds to it.
func (x *exchange) defaultHeader() {
	x.resetHeader()
	if s, ok := x.handler.(DefaultHeaderSetter); ok {
		s.SetDefaultHeaders()
	}
}

// mustAdd adds a field that is known to be right.
func (x *exchange) mustAdd(name, value string) {
	if err := x.header().Add(name, value); err != nil {
		panic("bug: web: field " + name + ": " + err.Error())
	}
}

// mustSet is mustAdd in place of what has the same name.
func (x *exchange) mustSet(name, value string) {
	if err := x.header().Set(name, value); err != nil {
		panic("bug: web: field " + name + ": " + err.Error())
	}
}

// enter calls the entry points of a handler, in the order of rule 56 of the
// original.
func (x *exchange) enter(h Handler) error {
	if h == nil {
		return errNoHandler
	}
	if err := x.begin(h); err != nil {
		return err
	}
	if c, ok := h.(Creator); ok {
		if err := c.OnCreate(); err != nil {
			return err
		}
	}
	if _, ok := h.(ConnectionCloser); ok {
		x.watch()
	}
	switch h := h.(type) {
	case Upgrader:
		return x.upgrade(h)
	case *mounted: // whatever the method
		if err := h.serve(); err != nil {
			return err
		}
		return x.autoFinish()
	}
	method := x.req.Method()
	if !slices.Contains(listed(h), method) {
		return x.notAllowed()
	}
	streams := x.streams(h)
	if !streams {
		if err := x.readBody(); err != nil {
			return err
		}
	}
	if err := x.checkXSRF(); err != nil {
		return err
	}
	if p, ok := h.(Preparer); ok {
		if err := p.Prepare(); err != nil {
			return err
		}
		if x.outcome == finished {
			return nil
		}
	}
	if streams && verb(h, method) != nil {
		if err := x.stream(h); err != nil || x.outcome == finished {
			return err
		}
	}
	return x.callVerb(method)
}

func (x *exchange) callVerb(method string) error {
	fn := verb(x.handler, method)
	if fn == nil {
		return x.notAllowed()
	}
	if err := fn(x.handler); err != nil {
		return err
	}
	return x.autoFinish()
}

// call answers by a function.
func (x *exchange) call(r *Route) error {
	x.adopt()
	x.resetHeader()
	if !r.allows(x.req.Method()) {
		return notAllowed(r.allow())
	}
	if len(x.req.Body()) > 0 {
		if err := x.readBody(); err != nil {
			return err
		}
	}
	if x.app.options.XSRF {
		if err := x.checkXSRF(); err != nil {
			return err
		}
	}
	if err := r.fn(x.self); err != nil {
		return err
	}
	return x.autoFinish()
}

func (x *exchange) autoFinish() error {
	if x.async || x.outcome == finished {
		return nil
	}
	return x.finish()
}

func (x *exchange) upgrade(u Upgrader) error {
	if r, ok := x.req.(*httpserver.Request); ok && x.app.access != nil {
		if x.app.upgrading == nil {
			x.app.upgrading = make(map[*httpserver.Request]*exchange)
		}
		x.app.upgrading[r] = x
		defer delete(x.app.upgrading, r)
	}
	if err := u.Upgrade(x.handler); err != nil || x.outcome == finished {
		return err // or something else was answered: a redirect, for one
	}
	// The connection is somebody else's; nothing more happens here.
	x.status = http.StatusSwitchingProtocols
	x.logAccess()
	x.outcome = finished
	return nil
}

func (x *exchange) answerOptions(allow string) error {
	if err := x.begin(nil); err != nil {
		return err
	}
	if err := x.header().Set("Allow", allow); err != nil {
		return err
	}
	x.status = http.StatusNoContent
	return x.finish()
}

// notAllowed is 405, or 404 where the handler itself stands for that.
func (x *exchange) notAllowed() error {
	if x.captures.route == nil {
		return &HTTPError{Code: http.StatusNotFound}
	}
	return notAllowed(allowOf(x.handler))
}

func notAllowed(allow string) error {
	h := new(Header)
	if err := h.Add("Allow", allow); err != nil {
		return err
	}
	return &HTTPError{Code: http.StatusMethodNotAllowed, Header: h}
}
